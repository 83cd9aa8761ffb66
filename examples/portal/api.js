// SPDX-License-Identifier: EUPL-1.2
// Talks to the server: languages, problems, sessions, sending again, proofs of work.
import {say, words} from "./words.js";

export const server = document.querySelector("meta[name=api]").content.replace(/\/$/, "");

// An answer that is an error, as RFC 9457 tells it; code "offline" where there was none.
export class Problem extends Error {
    constructor(problem, response) {
        super(problem.detail);
        Object.assign(this, problem);
        this.language = response?.headers.get("Content-Language") ?? words.language;
        this.retryAfter = Number(response?.headers.get("Retry-After") ?? 0);
    }
}

// Of this tab only: who finds the phone later finds no session.
export const session = {
    get token() {
        return sessionStorage.getItem("token");
    },
    open(opened) {
        sessionStorage.setItem("token", opened.access_token);
        return opened;
    },
    close() {
        sessionStorage.removeItem("token");
    },
};

function address(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    return `${server}${path}?${new URLSearchParams({lang: words.language, ...Object.fromEntries(given)})}`;
}

async function problemOf(response) {
    const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
    const problem = isProblem ? await response.json() : {code: "internal", title: response.statusText, detail: "", status: response.status};
    if (problem.code === "unauthenticated")
        session.close();
    return new Problem(problem, response);
}

export async function call(method, path, {query, body, headers = {}, signed = false} = {}) {
    if (signed && session.token)
        headers.Authorization = `Bearer ${session.token}`;
    if (body !== undefined)
        headers["Content-Type"] = "application/json";
    let response;
    try {
        response = await fetch(address(path, query), {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
    } catch {
        throw new Problem({code: "offline", title: words.offline_title, detail: words.offline});
    }
    if (!response.ok)
        throw await problemOf(response);
    return response.status === 204 ? null : response.json();
}

export const get = (path, query) => call("GET", path, {query});
export const getOwn = (path, query) => call("GET", path, {query, signed: true});
export const postOwn = (path, body = {}) => call("POST", path, {body, signed: true});

// Lists that change rarely: asked once for each language.
const lists = new Map();
export async function list(path) {
    const key = `${words.language} ${path}`;
    if (!lists.has(key))
        lists.set(key, (await get(path)).items);
    return lists.get(key);
}

// Finds the number that the server hid, on a thread of its own. What it answers goes into X-Challenge-Solution.
export function solve(challenge) {
    return new Promise((resolve, reject) => {
        const worker = new Worker("work.js");
        worker.onmessage = ({data}) => {
            worker.terminate();
            if (data === null)
                reject(new Problem({code: "challenge_required", title: words.offline_title, detail: words.challenge_failed}));
            else
                resolve(btoa(JSON.stringify({algorithm: challenge.algorithm, challenge: challenge.challenge, number: data, salt: challenge.salt,
                                             signature: challenge.signature})));
        };
        worker.onerror = reject;
        worker.postMessage(challenge);
    });
}

// Sends a form so that it is carried out once, however often it is sent: the same content goes with the same key, also when no answer came.
export class Form {
    #text = null;
    #key = null;

    async send(path, body) {
        if (this.#text !== JSON.stringify(body)) {
            this.#text = JSON.stringify(body);
            this.#key = crypto.randomUUID();
        }
        const headers = {"Idempotency-Key": this.#key};
        try {
            return await call("POST", path, {body, headers});
        } catch (problem) {
            if (problem.code !== "challenge_required" || !problem.challenge)
                throw problem;
            say(words.working);
            const solution = await solve(problem.challenge);
            return await call("POST", path, {body, headers: {...headers, "X-Challenge-Solution": solution}});
        }
    }
}
