/* SPDX-License-Identifier: EUPL-1.2
 * Any subject goes into one header line, any file is read back without harm. */
#include "fuzz.h"
#include "mail.h"

#include <string.h>

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 0);
    buffer_init(&out);
    const char *text = arena_copy(&arena, (const char *)data, size);
    const struct mail_content content = {.language = "en", .subject = text, .text = text, .html = text};
    const struct mail_message message = {.from = "a@example.org", .to = text, .id = "1", .content = &content,
                                         .calendar = size % 2 ? text : NULL, .calendar_method = "REQUEST"};
    if (text && mail_message_write(&out, &message)) {
        const char *to = mail_message_to(buffer_text(&out), &arena);
        require(to && strcmp(to, text) == 0); /* the address is where it was put */
    }
    if (text) {
        mail_message_to(text, &arena);
        mail_message_text(text, &arena);
    }
    buffer_release(&out);
    arena_release(&arena);
    return 0;
}
