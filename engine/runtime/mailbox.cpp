// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/mailbox.h"

namespace defib::runtime {

void post(DefibMailbox& mailbox, const DefibCommand& command) {
    const uint32_t number = mailbox.posted + 1;
    mailbox.command = command;
    mailbox.command_proof = proof_of(command, number);
    store_release(&mailbox.posted, number);
}

bool is_answered(const DefibMailbox& mailbox) {
    const uint32_t done = load_acquire(&mailbox.done);
    if (done != mailbox.posted) return false;
    const auto proof = reinterpret_cast<uint64_t>(&mailbox.answer_proof);
    return read_volatile(proof, 8) == proof_of(mailbox.answer, done);
}

}  // namespace defib::runtime
