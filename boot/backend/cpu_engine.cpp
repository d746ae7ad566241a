// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cpu_engine.h"

#include <utility>

#include "engine/runtime/loop.h"

namespace defib::boot {

CpuEngine::CpuEngine(EngineState state) : state_(std::move(state)) {
    runtime::start(state_.engine(), now_ns());
}

DefibAnswer CpuEngine::carry_out(const DefibCommand& command) {
    DefibMailbox& mailbox = state_.mailbox();
    runtime::post(mailbox, command);
    while (!runtime::is_answered(mailbox)) runtime::turn(state_.engine(), now_ns());
    return mailbox.answer;
}

}  // namespace defib::boot
