/* SPDX-License-Identifier: EUPL-1.2
 * Any bytes as a snapshot: refused with place and sentence, or solved with a clean certificate, as well as greedy at least. */
#include "fuzz.h"
#include "matching_json.h"
#include "text.h"

#include "banned.h"

static void instance_solve(struct matching_instance *instance)
{
    const struct matching_settings settings = {.whole_max = 4, .cut_above = 3, .cut_to = 2};
    struct matching_result result, parts, greedy;
    struct buffer out;
    require(matching_solve(instance, &settings, &parts) && parts.certificate.clean);
    require(matching_solve(instance, NULL, &result) && result.certificate.clean);
    require(matching_greedy(instance, &greedy) && greedy.placed <= result.placed && parts.placed <= result.placed);
    buffer_init(&out);
    matching_write(&out, instance, &result, &greedy);
    const char *text = buffer_text(&out);
    json_t *value = text ? json_loads(text, 0, NULL) : NULL;
    require(json_array_size(json_object_get(value, "proposals")) == result.placed);
    json_decref(value);
    buffer_release(&out);
    matching_result_release(&greedy);
    matching_result_release(&parts);
    matching_result_release(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct matching_instance instance;
    struct faults faults;
    struct arena arena;
    ready = ready || texts_load();
    require(ready);
    arena_init(&arena, 0);
    faults_init(&faults, &arena);
    if (matching_read(&instance, (const char *)data, size, &faults)) {
        require(faults.count == 0 && !faults.failed);
        instance_solve(&instance);
        matching_instance_release(&instance);
    } else {
        require(faults.count > 0);
        for (size_t i = 0; i < faults.count; i++)
            require(faults.items[i].pointer && *matching_fault_sentence(&faults.items[i], &arena));
    }
    arena_release(&arena);
    return 0;
}
