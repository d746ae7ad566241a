// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One repair from its plan to its effect: act, observe until the effect is there or the deadline
// has passed, take back what did not come to anything.
#ifndef DEFIB_BOOT_SESSION_REPAIR_H
#define DEFIB_BOOT_SESSION_REPAIR_H

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/abi/ask.h"
#include "engine/abi/reason.h"
#include "engine/abi/record.h"

namespace defib::boot {

struct Repair {
    std::vector<DefibStoreRecord> stores;  // made; of a look: wanted
    std::vector<DefibWayRecord> ways;      // of routines that know two, each said once
    uint32_t outcome = DEFIB_OUTCOME_NONE;
    uint32_t death = DEFIB_DEATH_NONE;
    uint64_t death_address = 0;
    uint32_t routine = 0;                 // of the chain: where the outcome came about
    std::optional<DefibEffect> effect;    // as last observed; nothing: it did not come so far
    std::vector<std::string> taken_back;  // by these
    std::chrono::microseconds took{};     // from the first plan to the effect, or to giving up

    bool is_done() const { return effect == DEFIB_EFFECT_THERE; }
};

// What cannot be taken back is carried out once: who has got a signal must not get it again. The
// rest of the chain is repeated while the effect is not there, as a wake-up may need more than one
// go. On a target that is only looked at it ends with the plan.
Result<Repair> repair(Session& session, std::string_view routine,
                      std::span<const uint64_t> arguments, std::chrono::milliseconds within);

// What the first go would store or ask for. Nothing is written, of a session that may act either.
Result<Repair> plan_only(Session& session, std::string_view routine,
                         std::span<const uint64_t> arguments);

// "by the hook: wake a task (0xffff888003a40000, 217)", "by memory: no hook there".
std::string way_text(const DefibWayRecord& way);

// For people: why it is not done.
std::string why_not(const Session& session, const Repair& repair);

// "it is an init process", "out of fuel".
std::string reason_text(uint32_t death);

}  // namespace defib::boot

#endif
