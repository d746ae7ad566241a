// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A routine's arguments from what a person types: `signal 4711 signal=TERM`. The task, its start
// time and the like are looked up by the pid, as a finding would bring them.
#ifndef DEFIB_BOOT_COMMANDS_ACT_ARGUMENTS_H
#define DEFIB_BOOT_COMMANDS_ACT_ARGUMENTS_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/routines/views/records.h"

namespace defib::boot {

struct ActArguments {
    std::vector<uint64_t> values;  // in the routine's order
    std::string about;             // "4711 v-hog"; empty: no process is meant
};

// What was typed, by name; a bare number is the pid.
Result<std::map<std::string, std::string>> read_words(const std::vector<std::string>& words);

// Bad use where something is missing, unknown, or no number of that argument's width.
Result<ActArguments> fill_arguments(Session& session, const RoutineEntry& routine,
                                    std::map<std::string, std::string> words);

// The process or thread of that number.
Result<DefibProcessRecord> find_process(Session& session, int64_t pid);

}  // namespace defib::boot

#endif
