// SPDX-License-Identifier: EUPL-1.2
// Articles: the list with its filters, one of them, and what a search finds.
import {get, list, server} from "../api.js";
import {element, htmlOf} from "../elements.js";
import {go, link, replace} from "../route.js";
import {day, directionOf, fill, languageName, nameOf, say, words} from "../words.js";

function searchForm(q = "") {
    const input = element("input", {type: "search", name: "q", id: "q", value: q, required: true, maxlength: 200, autocomplete: "off"});
    return element("form", {class: "search", role: "search", submit: (event) => {
        event.preventDefault();
        go("/search", {q: input.value.trim()});
    }}, element("label", {for: "q"}, words.search_label), element("div", {class: "together"}, input, element("button", {}, words.search)));
}

function chooser(id, label, every, items, chosen, changed) {
    const select = element("select", {id, change: () => changed(select.value)},
        element("option", {value: ""}, every),
        items.map(([value, name]) => element("option", {value, selected: value === chosen}, name)));
    return element("div", {class: "field"}, element("label", {for: id}, label), select);
}

// A text may come in another language than the reader's: the page says so to people, lang and dir to their machines.
function card(item, path) {
    const {served, fallback} = item.language;
    const foreign = fallback ? {lang: served, dir: directionOf(served)} : {};
    return element("li", {class: "card"},
        element("h3", foreign, element("a", {href: link(path)}, item.title)),
        element("p", foreign, item.summary),
        fallback && element("p", {class: "note"}, fill(words.in_language, {language: languageName(served)})));
}

// Page by page: `next` of one answer is `after` of the next question.
function pages(ask, draw) {
    const items = element("ul", {class: "cards"});
    const button = element("button", {class: "quiet", hidden: true, click: () => more()}, words.more);
    let after;
    async function more() {
        const first = items.children.length;
        const answer = await ask(after);
        items.append(...answer.items.map(draw));
        after = answer.next;
        button.hidden = !after;
        if (first)
            items.children[first]?.querySelector("a").focus();
        return answer;
    }
    return {items, button, more};
}

export async function home(path, params) {
    const [cities, audiences] = await Promise.all([list("/v1/cities"), list("/v1/audiences")]);
    const chosen = {city: params.get("city") ?? "", audience: params.get("audience") ?? ""};
    const found = element("div", {class: "found"});

    async function show() {
        const part = pages((after) => get("/v1/articles", {...chosen, limit: 12, count: true, after}), (item) => card(item, `/articles/${item.slug}`));
        const {total} = await part.more();
        const count = total === 1 ? words.count_one : fill(words.count, {n: total});
        found.replaceChildren(element("p", {class: "note"}, total ? count : words.none), part.items, part.button);
        return count;
    }
    async function choose(changed) {
        Object.assign(chosen, changed);
        replace("/", chosen);
        say(await show());
    }

    await show();
    return {title: words.portal, content: [
        element("h1", {}, words.home_title),
        element("p", {class: "lead"}, words.home_lead),
        searchForm(),
        element("aside", {class: "teaser"}, element("h2", {}, words.guide_teaser), element("p", {}, words.guide_teaser_text),
            element("a", {class: "button", href: link("/ask")}, words.nav_ask)),
        element("section", {"aria-labelledby": "list"}, element("h2", {id: "list"}, words.list),
            element("form", {class: "filter", "aria-label": words.filter},
                chooser("audience", words.filter_audience, words.every_audience, audiences.map((one) => [one.slug, nameOf("audiences", one)]),
                    chosen.audience, (audience) => choose({audience})),
                chooser("city", words.filter_city, words.every_city, cities.map((one) => [one.slug, one.name]), chosen.city, (city) => choose({city}))),
            found),
    ]};
}

export async function search(path, params) {
    const q = params.get("q") ?? "";
    const part = pages((after) => get("/v1/search", {q, kind: "article", count: true, after}), (item) => card(item, `/articles/${item.slug}`));
    const answer = await part.more();
    const similar = answer.items.length > 0 && answer.items[0].matched !== "words";
    return {title: words.search, content: [
        element("h1", {}, words.search),
        searchForm(q),
        element("p", {class: "note"}, similar ? words.found_similar : fill(answer.total ? words.found : words.found_none, {n: answer.total, q})),
        part.items, part.button,
    ]};
}

function links(title, articles) {
    return articles.length > 0 && element("nav", {class: "links", "aria-label": title}, element("h2", {}, title),
        element("ul", {}, articles.map((one) => element("li", {}, element("a", {href: link(`/articles/${one.slug}`), lang: one.language,
            dir: directionOf(one.language)}, one.title)))));
}

function notices(article) {
    const {served, fallback} = article.language;
    return [
        fallback && element("p", {class: "notice"}, fill(words.fallback, {language: languageName(served)})),
        article.provenance.method === "machine" && element("p", {class: "notice"}, words.machine),
    ];
}

// The same article in other languages, also those that the portal itself does not speak.
function translations(article) {
    const others = article.translations.filter((one) => one.language !== article.language.served && one.state !== "missing");
    return others.length > 0 && element("p", {class: "translations"}, `${words.also_in}: `, others.map((one, i) => [i ? " · " : "",
        element("a", {href: link(`/articles/${one.slug}`, {lang: one.language}), lang: one.language, dir: directionOf(one.language)},
            new Intl.DisplayNames([one.language.split("-")[0]], {type: "language"}).of(one.language.split("-")[0]) +
            (one.language.includes("-") ? ` (${one.language.split("-")[1]})` : ""))]));
}

export async function article(path, params) {
    const slug = decodeURIComponent(path.split("/")[2]);
    const lang = params.get("lang");
    const found = await get(`/v1/articles/${encodeURIComponent(slug)}`, lang ? {lang} : {});
    const {served} = found.language;
    const text = {lang: served, dir: directionOf(served)};
    return {title: found.title, content: [
        found.breadcrumb.length > 0 && element("nav", {class: "breadcrumb", "aria-label": words.part_of},
            found.breadcrumb.map((one) => [element("a", {href: link(`/articles/${one.slug}`), lang: one.language, dir: directionOf(one.language)}, one.title), " › "])),
        element("article", {},
            element("h1", text, found.title),
            element("p", {class: "lead", ...text}, found.summary),
            notices(found),
            element("div", text, htmlOf(found.body_html, link)),
            found.sources.length > 0 && element("details", {}, element("summary", {}, words.sources), element("ul", {},
                found.sources.map((one) => element("li", {}, element("a", {href: one.source, rel: "noreferrer", dir: "auto"}, one.basis)))))),
        translations(found),
        element("p", {class: "note"}, fill(words.updated, {day: day(found.updated_at)}), " · ",
            element("a", {href: `${server}/v1/articles/${encodeURIComponent(found.slug)}/print?lang=${served}`}, words.print)),
        links(words.children, found.children),
        links(words.related, found.related),
    ]};
}
