// SPDX-License-Identifier: EUPL-1.2
// Addresses of pages: ?/articles/some-slug&lang=uk. The page stands in the query, so that any static server will do; mailed links begin
// with WELCOME_PORTAL_URL, which therefore ends in /?, and bring their token in the fragment, which no server ever sees.

export function link(path, params = {}) {
    const given = Object.entries(params).filter(([, value]) => value);
    return `?${encodeURI(path)}${given.length ? `&${new URLSearchParams(given)}` : ""}`;
}

// {path, params, token}; the token goes out of the address, so that it is neither kept in the history nor shared.
export function here() {
    const [path, ...pairs] = location.search.slice(1).split("&");
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (token)
        history.replaceState(null, "", location.pathname + location.search);
    return {path: path || "/", params: new URLSearchParams(pairs.join("&")), token};
}

let draw = () => {};

export const replace = (path, params) => history.replaceState(null, "", link(path, params));

export function go(path, params) {
    history.pushState(null, "", link(path, params));
    return draw();
}

export function start(drawn) {
    draw = drawn;
    window.addEventListener("popstate", () => draw());
    document.addEventListener("click", (event) => {
        const a = event.target.closest("a[href^='?']");
        if (!a || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
            return;
        event.preventDefault();
        history.pushState(null, "", a.getAttribute("href"));
        draw();
    });
    return draw();
}
