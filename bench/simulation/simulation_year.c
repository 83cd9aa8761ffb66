/* SPDX-License-Identifier: EUPL-1.2
 * What happens when: arrivals, answers, silence, ends of matches, pauses, and the round after each of them. */
#include "simulation.h"

#include <stdlib.h>

/* Days. */
#define TIMEOUT 3.0
#define SECOND_ASK_AFTER 1.5
#define WIDEN_AFTER 7.0
#define ASK_AGAIN_AFTER 14.0
#define ASKS_FOR 30.0
#define LEARN_EVERY 28.0
#define END (WARM_UP + MEASURED + AFTERMATH)

static bool is_sooner(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

/* Out of memory the year ends early, with queue_room 0. */
void event_add(struct year *year, double at, enum event_kind kind, int request, int guide, unsigned number)
{
    if (at >= END || (year->queued && !year->queue_room))
        return;
    if (year->queue_length == year->queue_room) {
        struct event *grown = reallocarray(year->queue, year->queue_room ? year->queue_room * 2 : 1024, sizeof *grown);
        year->queue_room = grown ? year->queue_room ? year->queue_room * 2 : 1024 : 0;
        if (!grown)
            return;
        year->queue = grown;
    }
    const struct event event = {at, year->queued++, kind, request, guide, number};
    size_t i = year->queue_length++;
    for (; i > 0 && is_sooner(&event, &year->queue[(i - 1) / 2]); i = (i - 1) / 2)
        year->queue[i] = year->queue[(i - 1) / 2];
    year->queue[i] = event;
}

static struct event event_take(struct year *year)
{
    const struct event first = year->queue[0], last = year->queue[--year->queue_length];
    size_t i = 0;
    for (size_t child = 1; child < year->queue_length; child = 2 * i + 1) {
        child += child + 1 < year->queue_length && is_sooner(&year->queue[child + 1], &year->queue[child]);
        if (!is_sooner(&year->queue[child], &last))
            break;
        year->queue[i] = year->queue[child];
        i = child;
    }
    year->queue[i] = last;
    return first;
}

static bool is_measured(double at)
{
    return at >= WARM_UP && at < WARM_UP + MEASURED;
}

/* Adds up days with matches before their number changes. */
static void matches_change(struct year *year, struct guide *guide, int by)
{
    const double from = guide->match_changed > WARM_UP ? guide->match_changed : WARM_UP;
    const double to = year->now < WARM_UP + MEASURED ? year->now : WARM_UP + MEASURED;
    if (to > from)
        guide->match_days += guide->matches * (to - from);
    guide->match_changed = year->now;
    guide->matches += by;
}

/* The answer is drawn at once and comes when it comes; silence is noticed at the timeout. */
void ask(struct year *year, int request, int g)
{
    struct newcomer *newcomer = &year->newcomers[request];
    struct guide *guide = &year->guides[g];
    const int seat = newcomer->proposals[0].guide != NOBODY;
    const uint64_t who = (uint64_t)request, whom = (uint64_t)g, again = newcomer->refused[g];
    const double delay = exponential(20.0 / 24, chance(year, CHANCE_DELAY, who, whom, again));
    const bool silent = chance(year, CHANCE_ANSWER, who, whom, again) >= 0.85 || delay >= TIMEOUT;
    newcomer->proposals[seat] = (struct proposal){g, year->now, ++newcomer->asks};
    guide->open++;
    guide->asks[guide->asked++ % ASKS_KEPT] = year->now;
    if (is_measured(year->now) && guide->asked >= 4 && year->now - guide->asks[(guide->asked - 4) % ASKS_KEPT] <= ASKS_FOR)
        guide->crowded = true;
    event_add(year, year->now + (silent ? TIMEOUT : delay), ANSWER, request, g, newcomer->asks);
    if (year->policy->rules) {
        event_add(year, year->now + SECOND_ASK_AFTER, SECOND_ASK, request, g, newcomer->asks);
        event_add(year, year->now + ASKS_FOR + 1e-6, LOOK_AGAIN, request, g, 0);
    }
}

static void proposal_close(struct year *year, struct proposal *proposal)
{
    year->guides[proposal->guide].open--;
    proposal->guide = NOBODY;
}

static void match_make(struct year *year, int request, struct proposal *proposal)
{
    struct newcomer *newcomer = &year->newcomers[request];
    const int g = proposal->guide;
    for (int i = 0; i < 2; i++)
        if (newcomer->proposals[i].guide != NOBODY)
            proposal_close(year, &newcomer->proposals[i]);
    newcomer->placed_at = year->now;
    matches_change(year, &year->guides[g], 1);
    year->guides[g].placed += is_measured(year->now);
    event_add(year, year->now + newcomer->engagement, MATCH_END, request, g, 0);
}

static void answer_hear(struct year *year, const struct event *event)
{
    struct newcomer *newcomer = &year->newcomers[event->request];
    const uint64_t who = (uint64_t)event->request, whom = (uint64_t)event->guide, again = newcomer->refused[event->guide];
    struct proposal *proposal = NULL;
    for (int i = 0; i < 2; i++)
        if (newcomer->proposals[i].guide == event->guide && newcomer->proposals[i].number == event->number)
            proposal = &newcomer->proposals[i];
    if (!proposal)
        return;
    const double answer = chance(year, CHANCE_ANSWER, who, whom, again);
    const bool silent = answer >= 0.85 || year->now - proposal->asked_at >= TIMEOUT - 1e-9;
    if (!silent && answer < 0.70) {
        match_make(year, event->request, proposal);
        return;
    }
    const bool may_again = silent && year->policy->rules && again == 0;
    newcomer->refused[event->guide] = may_again ? 2 : 1;
    newcomer->again[event->guide] = (float)(year->now + ASK_AGAIN_AFTER);
    if (may_again)
        event_add(year, year->now + ASK_AGAIN_AFTER + 1e-3, LOOK_AGAIN, event->request, event->guide, 0);
    proposal_close(year, proposal);
}

static void give_up(struct year *year, struct newcomer *newcomer)
{
    newcomer->gone = newcomer->placed_at == 0;
    for (int i = 0; i < 2 && newcomer->gone; i++)
        if (newcomer->proposals[i].guide != NOBODY)
            proposal_close(year, &newcomer->proposals[i]);
}

static void pause_turn(struct year *year, const struct event *event)
{
    const bool active = event->kind == RESUME;
    year->guides[event->guide].active = active;
    event_add(year, year->now + exponential(active ? 240 : 45, chance(year, CHANCE_PAUSE, (uint64_t)event->guide, event->number, 0)),
              active ? PAUSE : RESUME, NOBODY, event->guide, event->number + 1);
}

static void arrive(struct year *year, int request)
{
    struct newcomer *newcomer = &year->newcomers[request];
    newcomer->here = true;
    year->arrived = request + 1;
    event_add(year, newcomer->gives_up, GIVE_UP, request, NOBODY, 0);
    if (year->policy->rules && newcomer->consents)
        event_add(year, year->now + WIDEN_AFTER, WIDEN, request, NOBODY, 0);
    if (request + 1 < year->newcomer_count)
        event_add(year, year->newcomers[request + 1].arrives, ARRIVAL, request + 1, NOBODY, 0);
}

/* False: out of memory, or prices could not be proved. */
static bool event_happen(struct year *year, const struct event *event)
{
    switch (event->kind) {
    case ARRIVAL:
        arrive(year, event->request);
        return true;
    case ANSWER:
        answer_hear(year, event);
        return true;
    case GIVE_UP:
        give_up(year, &year->newcomers[event->request]);
        return true;
    case MATCH_END:
        matches_change(year, &year->guides[event->guide], -1);
        return true;
    case PAUSE:
    case RESUME:
        pause_turn(year, event);
        return true;
    case WIDEN:
        year->newcomers[event->request].widened = true;
        return true;
    case LEARN:
        event_add(year, year->now + LEARN_EVERY, LEARN, NOBODY, NOBODY, 0);
        return prices_learn(year);
    case SECOND_ASK:
    case LOOK_AGAIN:
        return true; /* the round is what matters */
    }
    return false;
}

bool year_run(struct year *year)
{
    bool going = world_draw(year);
    for (int g = 0; going && g < GUIDES; g++) {
        const bool active = year->guides[g].active;
        const double lasts = exponential(active ? 240 : 45, chance(year, CHANCE_PAUSE, (uint64_t)g, 0, 1));
        event_add(year, lasts, active ? PAUSE : RESUME, NOBODY, g, 0);
    }
    if (going && year->newcomer_count)
        event_add(year, year->newcomers[0].arrives, ARRIVAL, 0, NOBODY, 0);
    if (going && year->policy->prices != PRICES_NONE)
        event_add(year, 0, LEARN, NOBODY, NOBODY, 0);
    while (going && year->queue_length) {
        const struct event event = event_take(year);
        year->now = event.at;
        going = event_happen(year, &event) && year_round(year) && year->queue_room;
    }
    for (int g = 0; g < GUIDES; g++)
        matches_change(year, &year->guides[g], 0);
    return going;
}

void year_release(struct year *year)
{
    free(year->queue);
    arena_release(&year->arena);
}
