// SPDX-License-Identifier: EUPL-1.2
// Asking for a guide: the form, its faults at their fields, and the confirmation that the mailed link leads to.
import {Form, call, get, list, session} from "../api.js";
import {element, htmlOf} from "../elements.js";
import {go, link} from "../route.js";
import {fill, nameOf, say, words} from "../words.js";

const LEVELS = ["native", "C2", "C1", "B2", "B1", "A2", "A1"];
const SPOKEN_MAX = 5;

const idOf = (pointer) => `field${pointer.replaceAll("/", "-")}`;

// data-pointer is where the server will say that something is wrong: the JSON pointer of the member that the field becomes.
function field(pointer, label, control, hint) {
    const id = idOf(pointer);
    control.id = id;
    if (hint)
        control.setAttribute("aria-describedby", `${id}-hint`);
    return element("div", {class: "field", "data-pointer": pointer}, element("label", {for: id}, label),
        hint && element("p", {class: "hint", id: `${id}-hint`}, hint), control);
}

function group(pointer, label, hint, ...children) {
    return element("fieldset", {class: "field", "data-pointer": pointer, id: idOf(pointer), tabindex: -1}, element("legend", {}, label),
        hint && element("p", {class: "hint"}, hint), ...children);
}

function tick(type, name, value, label, checked = false) {
    return element("label", {class: "tick"}, element("input", {type, name, value, checked}), element("span", {}, label));
}

function options(pairs) {
    return [element("option", {value: ""}, words.choose), pairs.map(([value, name]) => element("option", {value}, name))];
}

// Rows of language and level; pointers count from nought, people from one.
function spokenRows(languages) {
    const rows = element("div", {class: "rows"});
    const add = element("button", {type: "button", class: "quiet", click: () => addRow(true)}, words.spoken_add);
    function number() {
        [...rows.children].forEach((row, i) => {
            const n = i + 1;
            for (const part of ["tag", "level"]) {
                const wrapper = row.querySelector(`.${part}`);
                const pointer = `/languages/${i}/${part}`;
                wrapper.dataset.pointer = pointer;
                wrapper.querySelector("label").textContent = fill(words[`spoken_${part}`], {n});
                wrapper.querySelector("label").htmlFor = wrapper.querySelector("select").id = idOf(pointer);
            }
            const remove = row.querySelector("button");
            remove.hidden = rows.children.length === 1;
            remove.setAttribute("aria-label", fill(words.spoken_remove, {n}));
        });
        add.hidden = rows.children.length >= SPOKEN_MAX;
    }
    function addRow(focus) {
        const part = (name, pairs) => element("div", {class: `field ${name}`}, element("label", {}), element("select", {name}, options(pairs)));
        const row = element("div", {class: "row"},
            part("tag", languages.map((one) => [one.tag, one.autonym === one.name ? one.name : `${one.autonym} · ${one.name}`])),
            part("level", LEVELS.map((level) => [level, words.levels[level]])),
            element("button", {type: "button", class: "quiet remove", click: () => {
                row.remove();
                number();
                add.focus();
            }}, "×"));
        rows.append(row);
        number();
        if (focus)
            row.querySelector("select").focus();
    }
    addRow(false);
    return {parts: [rows, add], value: () => [...rows.children].map((row) => ({tag: row.querySelector(".tag select").value,
        level: row.querySelector(".level select").value}))};
}

// What the form says as the server wants it (GuideRequestForm). Nothing is judged here: the server does, with all faults at once.
function bodyOf(form, spoken, consent) {
    const data = new FormData(form);
    const city = data.get("city");
    return {
        display_name: data.get("display_name").trim(), email: data.get("email").trim(), languages: spoken.value(),
        city: city === "open" ? null : city, audience: data.get("audience") ?? "", topics: data.getAll("topics"),
        arrival_on: data.get("arrival_on") || null, message: data.get("message"), neighbours: data.has("neighbours"),
        remote: data.has("remote"), share_contact: data.get("share_contact"), consent: data.has("consent") ? consent.version : false,
    };
}

// By code, in the reader's language; what the portal has no words for, in the server's.
function sentenceOf(fault, problem) {
    const own = fault.pointer === "/consent" ? "consent" : fault.pointer === "/email" && fault.code === "format" ? "email"
        : fault.pointer === "/city" && fault.code === "required" ? "needs_remote" : fault.code === "enum" || fault.code.startsWith("unknown_") ? "choice" : fault.code;
    return words.faults[own] ? {text: words.faults[own]} : {text: fault.detail, lang: problem.language};
}

function clearFaults(form) {
    form.querySelectorAll(".fault, .faults").forEach((one) => one.remove());
    form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
}

// The field of the pointer, or of the nearest member around it.
function fieldOf(form, pointer) {
    for (let at = pointer; at; at = at.slice(0, at.lastIndexOf("/"))) {
        const found = form.querySelector(`[data-pointer="${at}"]`);
        if (found)
            return found;
    }
    return null;
}

function showFaults(form, problem) {
    const summary = element("div", {class: "faults", role: "alert", tabindex: -1}, element("h2", {}, words.faults_title));
    const told = element("ul", {});
    for (const fault of problem.errors) {
        const wrapper = fieldOf(form, fault.pointer ?? "");
        if (wrapper?.querySelector(":scope > .fault"))
            continue; // one at a time is enough for each field
        const {text, lang} = sentenceOf(fault, problem);
        const control = wrapper?.querySelector(":scope > input, :scope > select, :scope > textarea") ?? wrapper;
        if (wrapper) {
            wrapper.append(element("p", {class: "fault", id: `${control.id}-fault`, lang, dir: "auto"}, text));
            if (control !== wrapper)
                control.setAttribute("aria-invalid", "true");
            control.setAttribute("aria-describedby", [control.getAttribute("aria-describedby"), `${control.id}-fault`].filter(Boolean).join(" "));
        }
        const label = wrapper?.querySelector("label, legend")?.textContent;
        told.append(element("li", {}, control ? element("a", {href: `#${control.id}`, click: (event) => {
            event.preventDefault();
            control.focus();
        }}, label) : null, control ? ": " : "", element("span", {lang, dir: "auto"}, text)));
    }
    summary.append(told);
    form.prepend(summary);
    summary.focus();
}

function showProblem(form, problem) {
    const wait = problem.retryAfter ? element("p", {}, fill(words.wait_then, {n: problem.retryAfter})) : null;
    const box = element("div", {class: "faults", role: "alert", tabindex: -1}, element("h2", {lang: problem.language, dir: "auto"}, problem.title),
        element("p", {lang: problem.language, dir: "auto"}, problem.detail), wait,
        problem.request_id && element("p", {class: "note"}, fill(words.reference, {id: problem.request_id})));
    form.prepend(box);
    box.focus();
}

function sentPage(form, email) {
    document.title = `${words.sent_title} · ${words.portal}`;
    form.closest("main").replaceChildren(element("h1", {tabindex: -1}, words.sent_title), element("p", {class: "lead"}, fill(words.sent, {email})),
        element("p", {}, words.sent_hint));
    document.querySelector("main h1").focus();
    window.scrollTo(0, 0);
}

export async function ask() {
    const [cities, audiences, topics, languages, consent] = await Promise.all([list("/v1/cities"), list("/v1/audiences"), list("/v1/topics"),
        list("/v1/languages"), get("/v1/legal-texts/consent-guide-request")]);
    const spoken = spokenRows(languages);
    const sender = new Form();
    const button = element("button", {class: "big"}, words.send);

    const form = element("form", {class: "ask", novalidate: true, submit: async (event) => {
        event.preventDefault();
        clearFaults(form);
        button.disabled = true;
        say(words.sending);
        const body = bodyOf(form, spoken, consent);
        try {
            await sender.send("/v1/guide-requests", body);
            sentPage(form, body.email);
        } catch (problem) {
            if (!problem.code)
                throw problem;
            if (problem.errors)
                showFaults(form, problem);
            else
                showProblem(form, problem);
        } finally {
            button.disabled = false;
            say("");
        }
    }},
        field("/display_name", words.name, element("input", {name: "display_name", autocomplete: "given-name", maxlength: 80}), words.name_hint),
        field("/email", words.email, element("input", {name: "email", type: "email", autocomplete: "email", dir: "ltr", maxlength: 254}), words.email_hint),
        group("/languages", words.spoken, words.spoken_hint, ...spoken.parts),
        field("/city", words.city, element("select", {name: "city"}, options([...cities.map((one) => [one.slug, one.name]), ["open", words.city_open]]))),
        group("/audience", words.audience, null, audiences.map((one) => tick("radio", "audience", one.slug, nameOf("audiences", one)))),
        group("/topics", words.topics_label, null, topics.filter((one) => !one.parent).map((one) => tick("checkbox", "topics", one.slug, nameOf("topics", one)))),
        field("/arrival_on", words.arrival, element("input", {name: "arrival_on", type: "date"}), words.arrival_hint),
        field("/message", words.message, element("textarea", {name: "message", rows: 4, maxlength: 2000}), words.message_hint),
        group("/remote", words.wishes, null, tick("checkbox", "neighbours", "yes", words.neighbours, true), tick("checkbox", "remote", "yes", words.remote)),
        group("/share_contact", words.share, null, tick("radio", "share_contact", "on_acceptance", words.share_now, true),
            tick("radio", "share_contact", "ask_me", words.share_ask)),
        group("/consent", words.consent_text, null,
            element("details", {lang: consent.language.served, dir: "auto"}, element("summary", {}, consent.title), htmlOf(consent.body_html, link)),
            tick("checkbox", "consent", "yes", words.consent)),
        button);
    return {title: words.ask_title, content: [element("h1", {}, words.ask_title), element("p", {class: "lead"}, words.ask_lead), form]};
}

// Opening a link changes nothing, since programs that look for harmful mails open links too: a person presses the button.
export async function confirm(path, params, token) {
    if (!token)
        return {title: words.confirm_title, content: [element("h1", {}, words.confirm_title), element("p", {}, words.no_token)]};
    const box = element("div", {class: "step"}, element("button", {class: "big", click: async (event) => {
        event.target.disabled = true;
        try {
            const {subject} = session.open(await call("POST", "/v1/confirmations", {body: {token}}));
            if (subject?.kind === "guide_request")
                await go(`/guide-requests/${subject.id}`);
            else
                box.replaceChildren(element("h2", {}, words.confirmed_title), element("p", {}, words.confirmed));
        } catch (problem) {
            if (!problem.code)
                throw problem;
            event.target.remove();
            showProblem(box, problem);
        }
    }}, words.confirm));
    return {title: words.confirm_title, content: [element("h1", {}, words.confirm_title), element("p", {class: "lead"}, words.confirm_lead), box]};
}
