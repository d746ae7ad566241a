// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/mailbox.h"

#include "engine/runtime/processor.h"

namespace defib::runtime {

void post(DefibMailbox& mailbox, const DefibCommand& command) {
    mailbox.command = command;
    store_release(&mailbox.posted, mailbox.posted + 1);
}

bool is_answered(const DefibMailbox& mailbox) {
    return load_acquire(&mailbox.done) == mailbox.posted;
}

}  // namespace defib::runtime
