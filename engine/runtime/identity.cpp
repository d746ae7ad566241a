// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/identity.h"

#include "engine/runtime/journal.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/window.h"

namespace defib::runtime {

bool is_still_the_kernel(DefibEngine& engine, uint64_t now_ns) {
    DefibResponder& responder = *engine.responder;
    if (responder.is_stopped == DEFIB_DECLINE_IDENTITY) return false;
    const uint32_t count =
        responder.witness_count < DEFIB_WITNESSES ? responder.witness_count : DEFIB_WITNESSES;
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < count; i++) {
        const DefibWitness& witness = responder.witnesses[i];
        const uint64_t at = backend_of(engine.target->window, witness.physical, 8);
        const uint64_t found = at != 0 ? read_any(at, 8) : 0;
        if (at != 0 && found == witness.value) continue;
        responder.is_stopped = DEFIB_DECLINE_IDENTITY;
        append(*engine.journal, now_ns, DEFIB_JOURNAL_IDENTITY_LOST, i,
               {witness.physical, witness.value, found, 0});
        return false;
    }
    return true;
}

}  // namespace defib::runtime
