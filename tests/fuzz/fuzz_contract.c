/* SPDX-License-Identifier: EUPL-1.2
 * Any document: refused with a sentence, or operations that are found by their id and have an answer. */
#include "contract.h"
#include "fuzz.h"

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct contract contract;
    struct tree_error error = {0};
    if (contract_load(&contract, (const char *)data, size, &error))
        for (size_t i = 0; i < contract.count; i++) {
            const struct operation *operation = &contract.operations[i];
            require(contract_find(&contract, operation->id) == operation && operation->success && operation->index == i);
        }
    else
        require(error.message[0] != '\0');
    contract_release(&contract);
    return 0;
}
