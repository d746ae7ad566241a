// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a core's own notes have no place for, in our note of it, as JSON.
#ifndef DEFIB_BOOT_COMMANDS_CHECKPOINT_JSON_H
#define DEFIB_BOOT_COMMANDS_CHECKPOINT_JSON_H

#include <chrono>
#include <nlohmann/json.hpp>

#include "boot/salvage/core_memory.h"

namespace defib::boot {

struct Checkpoint {
    ProcessImage image;
    CoreMemory memory;
    std::string arguments;    // memory as it is: each ends with a 0
    std::string environment;  // the same
    std::string held;         // "frozen", "frozen before", "dead": how it stood still; "as it is"
    std::chrono::microseconds frozen{};
    std::chrono::microseconds until_it_stood{};
    std::chrono::microseconds copying{};
};

nlohmann::ordered_json json_of(const Checkpoint& checkpoint);

// What is not as one would expect, a line each; nothing: all is there.
std::vector<std::string> doubts_of(const Checkpoint& checkpoint);

}  // namespace defib::boot

#endif
