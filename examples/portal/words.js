// SPDX-License-Identifier: EUPL-1.2
// The portal's own words, in the languages it speaks; everything else comes from the server in the reader's language.

export const LANGUAGES = [
    {tag: "en", name: "English", dir: "ltr"},
    {tag: "de", name: "Deutsch", dir: "ltr"},
    {tag: "ar", name: "العربية", dir: "rtl"},
];

export let words = {language: "en"};

// The one chosen before, else the first of the browser's that the portal speaks.
export function languageWished() {
    const wished = [localStorage.getItem("language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
    return wished.find((tag) => LANGUAGES.some((one) => one.tag === tag)) ?? "en";
}

export async function speak(tag) {
    words = {language: tag, ...(await import(`./words/${tag}.js`)).default};
    document.documentElement.lang = tag;
    document.documentElement.dir = directionOf(tag);
}

const RIGHT_TO_LEFT = new Set(["ar", "ckb", "fa", "prs", "ps", "ur", "he", "yi", "dv", "sd", "ug"]);
export const directionOf = (tag) => RIGHT_TO_LEFT.has(tag.split("-")[0]) ? "rtl" : "ltr";

// "{n} of {m}" with its gaps filled.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export const nameOf = (kind, item) => words[kind]?.[item.slug] ?? item.name;

export const day = (text) => new Intl.DateTimeFormat(words.language, {dateStyle: "long"}).format(new Date(text));

export const languageName = (tag) => {
    try {
        return new Intl.DisplayNames([words.language], {type: "language"}).of(tag) ?? tag;
    } catch {
        return tag; // de-simple and such
    }
};

// For everybody, screen readers included, without moving the focus.
export function say(text) {
    document.querySelector(".status").textContent = text;
}
