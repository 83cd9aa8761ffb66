/* SPDX-License-Identifier: EUPL-1.2
 * What is found in a compiled contract: operations, their answers, the media types of these. */
#include "contract.h"

#include <string.h>
#include <strings.h>

#include "banned.h"

const struct operation *contract_find(const struct contract *contract, const char *id)
{
    for (size_t i = 0; i < contract->count; i++)
        if (strcmp(contract->operations[i].id, id) == 0)
            return &contract->operations[i];
    return NULL;
}

const struct answer_form *operation_answer(const struct operation *operation, int status)
{
    for (size_t i = 0; i < operation->answer_count; i++)
        if (operation->answers[i].status == status)
            return &operation->answers[i];
    return NULL;
}

const struct media *answer_media(const struct answer_form *form, const char *type)
{
    const size_t length = strcspn(type, "; ");
    for (size_t i = 0; i < form->media_count; i++)
        if (strlen(form->media[i].type) == length && strncasecmp(form->media[i].type, type, length) == 0)
            return &form->media[i];
    return NULL;
}
