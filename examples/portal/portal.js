// SPDX-License-Identifier: EUPL-1.2
// Puts the portal together: which page is where, what stands around it, and what is shown when something fails.
import {session} from "./api.js";
import {element} from "./elements.js";
import {ask, confirm} from "./pages/asking.js";
import {mine, request, signIn} from "./pages/following.js";
import {article, home, search} from "./pages/reading.js";
import {here, link, start} from "./route.js";
import {LANGUAGES, fill, languageWished, say, speak, words} from "./words.js";

const PAGES = [
    [/^\/$/, home],
    [/^\/search$/, search],
    [/^\/articles\/[^/]+$/, article],
    [/^\/ask$/, ask],
    [/^\/confirm$/, confirm],
    [/^\/guide-requests\/[^/]+$/, request],
    [/^\/sign-in$/, signIn],
    [/^\/me$/, mine],
];

const main = document.querySelector("main");
let drawn = 0; // pages so far: an answer that comes when the reader has gone on is not shown

function languageButtons() {
    return element("nav", {class: "languages", "aria-label": words.languages}, LANGUAGES.map(({tag, name, dir}) =>
        element("button", {lang: tag, dir, "aria-pressed": String(tag === words.language), click: async () => {
            localStorage.setItem("language", tag);
            await speak(tag);
            await draw();
        }}, name)));
}

function around(path) {
    const entries = [["/", words.nav_read], ["/ask", words.nav_ask], [session.token ? "/me" : "/sign-in", words.nav_mine]];
    document.querySelector(".skip").textContent = words.skip;
    document.querySelector("header").replaceChildren(
        element("a", {class: "brand", href: link("/")}, element("img", {src: "mark.svg", alt: "", width: 32, height: 32}), words.portal),
        languageButtons(),
        element("nav", {class: "main", "aria-label": words.nav}, entries.map(([to, name]) =>
            element("a", {href: link(to), "aria-current": to === path ? "page" : null}, name))));
    document.querySelector("footer").replaceChildren(element("p", {}, words.footer));
}

// What the server says is German or English: lang tells a screen reader how to pronounce it.
function failed(problem) {
    const own = problem.code === "not_found" ? [words.missing_title, words.missing] : null;
    return {title: own?.[0] ?? problem.title ?? words.offline_title, content: [
        element("h1", {lang: own ? null : problem.language, dir: "auto"}, own?.[0] ?? problem.title ?? words.offline_title),
        element("p", {lang: own ? null : problem.language, dir: "auto"}, own?.[1] ?? problem.detail ?? String(problem)),
        problem.retryAfter ? element("p", {}, fill(words.wait_then, {n: problem.retryAfter})) : null,
        problem.request_id && element("p", {class: "note"}, fill(words.reference, {id: problem.request_id})),
        element("button", {click: () => draw()}, words.again),
    ]};
}

async function draw() {
    const turn = ++drawn;
    const {path, params, token} = here();
    const page = PAGES.find(([pattern]) => pattern.test(path))?.[1];
    say("");
    main.setAttribute("aria-busy", "true");
    let shown;
    try {
        shown = page ? await page(path, params, token) : failed({code: "not_found"});
    } catch (problem) {
        if (!problem.code)
            console.error(problem);
        shown = failed(problem);
    }
    if (turn !== drawn)
        return;
    around(path);
    document.title = shown.title === words.portal ? shown.title : `${shown.title} · ${words.portal}`;
    main.replaceChildren(...shown.content.flat(2).filter(Boolean));
    main.removeAttribute("aria-busy");
    if (turn > 1) {
        window.scrollTo(0, 0);
        main.focus({preventScroll: true});
    }
}

await speak(languageWished());
await start(draw);
