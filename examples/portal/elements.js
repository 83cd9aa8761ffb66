// SPDX-License-Identifier: EUPL-1.2
// Makes elements. What comes from the server becomes text, but for body_html, which the server has made safe.

export function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function")
            made.addEventListener(name, value);
        else if (value === true)
            made.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined)
            made.setAttribute(name, value);
    }
    made.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
    return made;
}

// A server's HTML of an article or legal text; links between articles lead to pages of this portal.
export function htmlOf(html, link) {
    const body = element("div", {class: "text"});
    body.innerHTML = html;
    for (const a of body.querySelectorAll("a[href^='/articles/']"))
        a.setAttribute("href", link(decodeURI(a.getAttribute("href"))));
    for (const table of body.querySelectorAll("table"))
        table.setAttribute("tabindex", "0"); // it scrolls sideways on a phone
    return body;
}
