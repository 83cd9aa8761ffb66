// SPDX-License-Identifier: EUPL-1.2
// Following a request: where it stands, the guide who said yes, withdrawing it; and signing in to find it again.
import {call, getOwn, postOwn, session} from "../api.js";
import {element} from "../elements.js";
import {go, link} from "../route.js";
import {day, fill, languageName, say, words} from "../words.js";

const LOOK_AGAIN = 15000; // ms
const REACHED = {unverified: 0, open: 1, proposed: 1, awaiting_newcomer: 2, matched: 3};

function steps(state) {
    return element("ol", {class: "steps"}, words.steps.map((name, i) => element("li", {
        class: i < REACHED[state] ? "done" : null, "aria-current": i === REACHED[state] ? "step" : null}, name)));
}

function figures(found) {
    const wait = found.estimated_wait_days === null ? words.wait_unknown : fill(words.wait_days, {n: found.estimated_wait_days});
    return found.position !== null && element("dl", {class: "figures"},
        element("div", {}, element("dt", {}, words.position), element("dd", {}, String(found.position))),
        element("div", {}, element("dt", {}, words.wait), element("dd", {}, wait)));
}

function guideCard(proposal, decide) {
    const {guide} = proposal;
    return element("section", {class: "card person", "aria-labelledby": "guide"},
        element("h2", {id: "guide", dir: "auto"}, guide.display_name),
        guide.story && element("p", {dir: "auto"}, guide.story),
        element("p", {class: "note"}, `${words.guide_speaks}: ${guide.languages.map((one) => languageName(one.tag)).join(", ")}`),
        element("p", {class: "note"}, fill(words.expires, {day: day(proposal.expires_at)})),
        element("div", {class: "together"},
            element("button", {click: () => decide("confirm")}, words.accept),
            element("button", {class: "quiet", click: () => decide("refuse")}, words.refuse)));
}

// Addresses are in the match alone, which a session of a link about the request does not reach.
async function contact(found) {
    try {
        const {guide} = await getOwn(`/v1/matches/${found.match.id}`);
        return element("section", {class: "card person"}, element("h2", {dir: "auto"}, guide.display_name),
            guide.email && element("p", {}, `${words.write_to} `, element("a", {href: `mailto:${guide.email}`, dir: "ltr"}, guide.email)));
    } catch (problem) {
        if (problem.status !== 403 && problem.status !== 404)
            throw problem;
        return element("p", {}, element("a", {href: link("/sign-in")}, words.sign_in_for_contact));
    }
}

function withdrawal(withdraw) {
    const dialog = element("dialog", {"aria-labelledby": "sure"}, element("p", {id: "sure"}, words.withdraw_sure),
        element("form", {method: "dialog", class: "together"},
            element("button", {type: "button", class: "danger", click: () => {
                dialog.close();
                withdraw();
            }}, words.withdraw_yes),
            element("button", {class: "quiet", type: "button", click: () => dialog.close()}, words.keep)));
    return [element("button", {class: "quiet", click: () => dialog.showModal()}, words.withdraw), dialog];
}

async function drawRequest(box, id) {
    const found = await getOwn(`/v1/guide-requests/${id}`);
    if (box.dataset.seen === JSON.stringify(found))
        return;
    const then = async (path) => {
        try {
            await postOwn(path);
        } catch (problem) {
            if (problem.status !== 409)
                throw problem; // somebody was faster: what is drawn now shows it
        }
        await drawRequest(box, id);
        box.querySelector(".state").focus();
    };
    const open = found.state === "open" || found.state === "proposed" || found.state === "awaiting_newcomer";
    const parts = [
        element("p", {class: "lead state", tabindex: -1}, words.states[found.state], found.closed_as ? ` ${words.closed_as[found.closed_as]}` : ""),
        found.state in REACHED && steps(found.state),
        found.proposal && found.state === "awaiting_newcomer" && guideCard(found.proposal, (verb) => then(`/v1/proposals/${found.proposal.id}/${verb}`)),
        found.match && await contact(found),
        figures(found),
        open && withdrawal(() => then(`/v1/guide-requests/${id}/withdraw`)),
    ];
    if (box.dataset.seen)
        say(words.states[found.state]);
    box.dataset.seen = JSON.stringify(found);
    box.replaceChildren(...parts.flat().filter(Boolean));
    return found;
}

// Once in a while, as long as the page is there and somebody may be looking.
function keepLooking(box, id) {
    const timer = setInterval(async () => {
        if (!box.isConnected)
            clearInterval(timer);
        else if (!document.hidden)
            await drawRequest(box, id).catch((problem) => problem.status === 401 && clearInterval(timer));
    }, LOOK_AGAIN);
}

export async function request(path, params, token) {
    const id = path.split("/")[2];
    if (token)
        session.open(await call("POST", "/v1/sessions", {body: {token}}));
    if (!session.token)
        return signIn();
    const box = element("div", {class: "request"});
    const found = await drawRequest(box, id);
    keepLooking(box, id);
    return {title: words.request_title, content: [element("h1", {}, words.request_title),
        element("p", {dir: "auto"}, fill(words.hello, {name: found.display_name})), box]};
}

function problemBox(problem) {
    return element("div", {class: "faults", role: "alert"}, element("p", {lang: problem.language, dir: "auto"}, problem.errors?.[0].detail ?? problem.detail));
}

function linkForm() {
    const email = element("input", {id: "email", name: "email", type: "email", autocomplete: "email", dir: "ltr", required: true});
    const box = element("div", {});
    return element("form", {submit: async (event) => {
        event.preventDefault();
        try {
            await call("POST", "/v1/sign-in", {body: {email: email.value.trim()}});
            box.replaceChildren(element("p", {class: "notice", role: "status"}, words.sign_in_sent));
        } catch (problem) {
            if (!problem.code)
                throw problem;
            box.replaceChildren(problemBox(problem));
        }
    }}, element("div", {class: "field"}, element("label", {for: "email"}, words.email), email), element("button", {class: "big"}, words.sign_in_send), box);
}

export async function signIn(path, params, token) {
    const box = element("div", {class: "step"}, element("button", {class: "big", click: async () => {
        try {
            session.open(await call("POST", "/v1/sessions", {body: {token}}));
            await go("/me");
        } catch (problem) {
            if (!problem.code)
                throw problem;
            box.replaceChildren(problemBox(problem), linkForm());
        }
    }}, words.sign_in));
    return {title: words.sign_in_title, content: [element("h1", {}, words.sign_in_title),
        element("p", {class: "lead"}, token ? words.sign_in_now : words.sign_in_lead), token ? box : linkForm()]};
}

export async function mine() {
    if (!session.token)
        return signIn();
    const me = await getOwn("/v1/me");
    return {title: words.mine_title, content: [
        element("h1", {}, words.mine_title),
        me.guide_requests.length ? element("ul", {class: "cards"}, me.guide_requests.map((one) => element("li", {class: "card"},
            element("a", {href: link(`/guide-requests/${one.id}`)}, words.states[one.state])))) : element("p", {}, words.mine_none),
        element("button", {class: "quiet", click: async () => {
            await call("DELETE", "/v1/sessions/current", {signed: true}).catch(() => {}); // it may have ended by itself
            session.close();
            await go("/");
        }}, words.sign_out),
    ]};
}
