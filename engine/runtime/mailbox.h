// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The host's side of the mailbox. Apart from the loop, so that who only speaks with one brings no
// routines along.
#ifndef DEFIB_ENGINE_RUNTIME_MAILBOX_H
#define DEFIB_ENGINE_RUNTIME_MAILBOX_H

#include "engine/abi/mailbox.h"

namespace defib::runtime {

void post(DefibMailbox& mailbox, const DefibCommand& command);
bool is_answered(const DefibMailbox& mailbox);

}  // namespace defib::runtime

#endif
