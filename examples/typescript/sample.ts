// SPDX-License-Identifier: EUPL-1.2
// Lists articles, reads one, asks for a guide: node built/sample.js http://127.0.0.1:8080 you@example.org
import {Client, Refused, type Schemas} from "./client.js";

declare const process: {argv: string[]; exitCode: number};

async function titles(client: Client): Promise<string[]> {
    const found: string[] = [];
    let after: string | null = null;
    do {
        const page: Schemas["ArticleList"] = await client.get("/v1/articles", {query: {audience: "student", limit: 5, ...(after ? {after} : {})}});
        found.push(...page.items.map((item) => item.title));
        after = page.next;
    } while (after);
    return found;
}

function form(email: string): Schemas["GuideRequestForm"] {
    return {
        display_name: "Amara", email, languages: [{tag: "ar", level: "native"}], city: "essen", audience: "student", topics: ["housing"],
        arrival_on: "2027-01-15", message: "", remote: false, neighbours: true, preferred_guide: null, guide_gender: null,
        share_contact: "ask_me", consent: true,
    };
}

// What the types do not let pass; the compiler complains where one of these lines is no mistake.
export function mistakes(client: Client): void {
    // @ts-expect-error there is no such path
    void client.get("/v1/article", {});
    // @ts-expect-error the path wants a slug
    void client.get("/v1/articles/{slug}", {});
    // @ts-expect-error the filter is called audience
    void client.get("/v1/articles", {query: {audiences: "student"}});
    // @ts-expect-error levels are A1 to C2 and native
    void client.post("/v1/guide-requests", {body: {...form("a@example.org"), languages: [{tag: "ar", level: "fluent"}]}});
    // @ts-expect-error cities are not changed by anybody
    void client.post("/v1/cities", {body: {}});
}

const [server = "http://127.0.0.1:8080", email = "amara@newcomer.example.org"] = process.argv.slice(2);
const client = new Client(server, "en");
try {
    const all = await titles(client);
    console.log(`${all.length} articles for students, the first: ${all[0] ?? "none"}`);
    const article = await client.get("/v1/articles/{slug}", {path: {slug: "residence-registration"}});
    console.log(`${article.title} (${article.language.served}), in ${article.translations.length} languages`);
    const made = await client.post("/v1/guide-requests", {body: form(email), headers: {"Idempotency-Key": crypto.randomUUID()}});
    console.log(`asked: ${made.id}, ${made.state}`);
} catch (error) {
    if (!(error instanceof Refused))
        throw error;
    console.log(error.message, error.problem.errors?.map((fault) => `${fault.pointer ?? fault.parameter}: ${fault.code}`) ?? []);
    process.exitCode = 1;
}
