// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One repair as a person asks for it, from the words to its plan and its effect; and what is said
// of it. `defib act` prints it, `defib console` shows it and asks first.
#ifndef DEFIB_BOOT_COMMANDS_ACT_REQUEST_H
#define DEFIB_BOOT_COMMANDS_ACT_REQUEST_H

#include <chrono>
#include <string>
#include <vector>

#include "boot/session/repair.h"

namespace defib::boot {

struct RepairRequest {
    std::string routine;
    std::vector<uint64_t> values;  // its arguments, in order
    std::string about;             // "4711 v-hog"; empty: no process is meant
};

// What can be seen to work is a repair; the others are parts of one (what delivers a wake-up, what
// takes it back) or of the self-test.
bool is_repair(const RoutineEntry& entry);

// " task pid start_ns signal"
std::string argument_names(const Manifest& manifest, const RoutineEntry& entry);

Result<RepairRequest> request_repair(Session& session, const std::string& routine,
                                     const std::vector<std::string>& words);

// What it would store; nothing is written.
Result<Repair> plan_repair(Session& session, const RepairRequest& request);
// Of a session that may act.
Result<Repair> carry_out_repair(Session& session, const RepairRequest& request,
                                std::chrono::milliseconds within);

// Whether a look came to a plan that could be carried out.
bool is_a_plan(const Repair& repair);

enum class Tense : uint8_t { would, did };
// A heading, the stores as a table, what was taken back.
std::vector<std::string> lines_of(const Session& session, const RepairRequest& request,
                                  const Repair& repair, Tense tense);

// "thaw 4711": what takes it back again, as words for `defib act`; empty where nothing does or
// nothing was changed.
std::string undo_of(const Session& session, const RepairRequest& request, const Repair& repair,
                    const std::vector<std::string>& words);

std::string field_name(const Session& session, uint32_t field);
std::string routine_name(const Session& session, uint32_t routine);

}  // namespace defib::boot

#endif
