// SPDX-License-Identifier: EUPL-1.2
// A small client: paths, parameters, bodies and answers are checked against the contract when it is compiled.
import type {components, paths} from "./api.js";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

// The paths that know this method.
type PathsOf<M extends string> = {[P in keyof paths]: paths[P] extends Record<M, {responses: unknown}> ? P : never}[keyof paths];
type Operation<M extends string, P extends keyof paths> = paths[P] extends Record<M, infer O> ? O : never;

type Json<R> = R extends {content: {"application/json": infer B}} ? B : never;
type Answer<O> = O extends {responses: infer R} ? {[S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never}[keyof R] : never;

// What a call has to bring, and what it may: whatever is not foreseen is "never", and refused.
type Query<O> = O extends {parameters: {query: infer Q}} ? {query: Q} : O extends {parameters: {query?: infer Q}} ? {query?: NonNullable<Q>} : {};
type InPath<O> = O extends {parameters: {path: infer V}} ? {path: V} : {};
type Body<O> = O extends {requestBody?: never} ? {}
    : O extends {requestBody: {content: {"application/json": infer B}}} ? {body: B}
    : O extends {requestBody?: {content: {"application/json": infer B}}} ? {body?: B} : {};
type Options<O> = Query<O> & InPath<O> & Body<O> & {headers?: Record<string, string>};

interface Call {
    query?: object;
    path?: Record<string, unknown>;
    body?: unknown;
    headers?: Record<string, string>;
}

export class Refused extends Error {
    constructor(readonly problem: Problem, readonly retryAfter: number) {
        super(`${problem.code}: ${problem.detail}`);
    }
}

export class Client {
    token: string | null = null; // of a session

    constructor(readonly server: string, readonly language: string) {}

    get<P extends PathsOf<"get">>(path: P, options: Options<Operation<"get", P>>): Promise<Answer<Operation<"get", P>>> {
        return this.#call("GET", path, options as Call);
    }

    post<P extends PathsOf<"post">>(path: P, options: Options<Operation<"post", P>>): Promise<Answer<Operation<"post", P>>> {
        return this.#call("POST", path, options as Call);
    }

    async #call<T>(method: string, path: string, options: Call): Promise<T> {
        const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(options.path?.[name])));
        const query = new URLSearchParams({lang: this.language});
        for (const [name, value] of Object.entries(options.query ?? {}))
            query.set(name, String(value));
        const headers: Record<string, string> = {...options.headers};
        if (this.token)
            headers["Authorization"] = `Bearer ${this.token}`;
        if (options.body !== undefined)
            headers["Content-Type"] = "application/json";
        const body = options.body === undefined ? null : JSON.stringify(options.body);
        const response = await fetch(`${this.server}${filled}?${query}`, {method, headers, body});
        if (!response.ok)
            throw new Refused(await response.json() as Problem, Number(response.headers.get("Retry-After") ?? 0));
        return await response.json() as T;
    }
}
