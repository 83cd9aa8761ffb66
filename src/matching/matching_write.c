/* SPDX-License-Identifier: EUPL-1.2
 * What a round found, as JSON in a fixed order. */
#include "matching_json.h"

#include <inttypes.h>

#include "banned.h"

static void flag_write(struct buffer *out, const char *name, bool flag)
{
    buffer_printf(out, "\"%s\":%s", name, flag ? "true" : "false");
}

static void figures_write(struct buffer *out, const struct matching_result *result)
{
    static const int since[MATCHING_BANDS] = {0, 14, 30, 60};
    uint32_t waiting = 0;
    for (int band = 0; band < MATCHING_BANDS; band++)
        waiting += result->waiting_of[band];
    buffer_printf(out, "\"waiting\":%" PRIu32 ",\"placed\":%" PRIu32 ",\"pinned\":%" PRIu32 ",\"score\":%" PRId64 ",\"bands\":[", waiting,
                  result->placed, result->pinned, result->score);
    for (int band = 0; band < MATCHING_BANDS; band++)
        buffer_printf(out, "%s{\"from_day\":%d,\"waiting\":%" PRIu32 ",\"placed\":%" PRIu32 "}", band ? "," : "", since[band],
                      result->waiting_of[band], result->placed_of[band]);
    buffer_putc(out, ']');
}

static void certificate_write(struct buffer *out, const struct matching_certificate *certificate)
{
    buffer_puts(out, "\"certificate\":{");
    flag_write(out, "clean", certificate->clean);
    buffer_putc(out, ',');
    flag_write(out, "primal", certificate->primal);
    buffer_putc(out, ',');
    flag_write(out, "dual", certificate->dual);
    buffer_putc(out, ',');
    flag_write(out, "slackness", certificate->slackness);
    buffer_printf(out, ",\"parts\":%" PRIu32 ",\"edges\":%" PRIu64 ",\"fault\":", certificate->parts, certificate->checked);
    if (certificate->fault[0])
        buffer_json_text(out, certificate->fault);
    else
        buffer_puts(out, "null");
    buffer_putc(out, '}');
}

/* Terms that are not known (none given, but points) are left out. */
static void terms_write(struct buffer *out, const int32_t *terms, int32_t score)
{
    int64_t sum = 0;
    const char *comma = "";
    for (size_t i = 0; i < MATCHING_CRITERIA; i++)
        sum += terms[i];
    if (sum != score)
        return;
    buffer_puts(out, ",\"terms\":{");
    for (size_t i = 0; i < MATCHING_CRITERIA; i++)
        if (terms[i]) {
            buffer_printf(out, "%s\"%s\":%" PRId32, comma, MATCHING_CRITERION_NAMES[i], terms[i]);
            comma = ",";
        }
    buffer_putc(out, '}');
}

static void proposal_write(struct buffer *out, const struct matching_instance *instance, const struct matching_result *result,
                           uint32_t request)
{
    const struct matching_edge *edge = &instance->edges[result->edge_of[request]];
    buffer_puts(out, "{\"request\":");
    buffer_json_text(out, instance->requests[request].id);
    buffer_puts(out, ",\"guide\":");
    buffer_json_text(out, instance->guides[edge->guide].id);
    buffer_printf(out, ",\"score\":%" PRId32 ",\"second_best\":", edge->score);
    if (result->second_known[request])
        buffer_printf(out, "%" PRId32, result->second[request]);
    else
        buffer_puts(out, "null");
    buffer_putc(out, ',');
    flag_write(out, "pinned", edge->pinned);
    if (instance->terms)
        terms_write(out, instance->terms[edge->given], edge->score);
    buffer_putc(out, '}');
}

static void unplaced_write(struct buffer *out, const struct matching_instance *instance, const struct matching_result *result,
                           uint32_t request)
{
    const struct matching_why why = matching_why(instance, result, request);
    buffer_puts(out, "{\"request\":");
    buffer_json_text(out, instance->requests[request].id);
    buffer_puts(out, ",\"language\":");
    if (why.language)
        buffer_json_text(out, why.language);
    else
        buffer_puts(out, "null");
    buffer_printf(out, ",\"speakers\":%" PRIu32 ",\"reasons\":{", why.speakers);
    const char *comma = "";
    for (size_t i = 0; i < MATCHING_REASONS; i++)
        if (why.reasons[i]) {
            buffer_printf(out, "%s\"%s\":%" PRIu32, comma, MATCHING_REASON_NAMES[i], why.reasons[i]);
            comma = ",";
        }
    buffer_printf(out, "},\"taken\":%" PRIu32 ",\"forbidden\":%" PRIu32 "}", why.taken, why.forbidden);
}

/* One list of requests: those with or those without a guide. */
static void requests_write(struct buffer *out, const struct matching_instance *instance, const struct matching_result *result, bool placed)
{
    bool first = true;
    buffer_printf(out, "\"%s\":[", placed ? "proposals" : "unplaced");
    for (uint32_t r = 0; r < instance->request_count; r++) {
        if ((result->guide_of[r] != MATCHING_NONE) != placed)
            continue;
        buffer_puts(out, first ? "\n" : ",\n");
        first = false;
        if (placed)
            proposal_write(out, instance, result, r);
        else
            unplaced_write(out, instance, result, r);
    }
    buffer_putc(out, ']');
}

void matching_write(struct buffer *out, const struct matching_instance *instance, const struct matching_result *result,
                    const struct matching_result *greedy)
{
    buffer_printf(out, "{\"seed\":%" PRIu64 ",", instance->seed);
    figures_write(out, result);
    buffer_printf(out, ",\"parts\":%" PRIu32 ",\"cut\":%" PRIu32 ",\n", result->parts, result->cut);
    certificate_write(out, &result->certificate);
    if (greedy) {
        buffer_puts(out, ",\n\"greedy\":{");
        figures_write(out, greedy);
        buffer_printf(out, ",\"more_placed\":%" PRId64 ",\"more_score\":%" PRId64 "}",
                      (int64_t)result->placed - (int64_t)greedy->placed, result->score - greedy->score);
    }
    buffer_puts(out, ",\n");
    requests_write(out, instance, result, true);
    buffer_puts(out, ",\n");
    requests_write(out, instance, result, false);
    buffer_puts(out, "}\n");
}
