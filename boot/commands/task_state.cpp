// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/task_state.h"

#include <string>

namespace defib::boot {
namespace {

struct Letter {
    const char* constant;
    char letter;
};

// From the highest bit down: the kernel takes the last one set (fls(), __task_state_index()).
constexpr Letter LETTERS[] = {
    {"TASK_PARKED", 'P'},        {"EXIT_ZOMBIE", 'Z'},    {"EXIT_DEAD", 'X'},
    {"__TASK_TRACED", 't'},      {"__TASK_STOPPED", 'T'}, {"TASK_UNINTERRUPTIBLE", 'D'},
    {"TASK_INTERRUPTIBLE", 'S'},
};

uint64_t constant(const layouts::Layout& layout, const char* name) {
    const auto found = layout.constants.find(name);
    return found == layout.constants.end() ? 0 : static_cast<uint64_t>(found->second.value);
}

}  // namespace

char state_letter(const layouts::Layout& layout, uint32_t state, uint32_t exit_state) {
    const uint64_t no_load = constant(layout, "TASK_NOLOAD");
    const uint64_t idle = constant(layout, "TASK_UNINTERRUPTIBLE") | no_load;
    if (no_load == 0) return '?';
    const uint64_t both = uint64_t{state} | exit_state;
    // TASK_IDLE is a letter of its own (__task_state_index()).
    if ((both & idle) == idle) return 'I';
    // A lock that sleeps under PREEMPT_RT is shown as what it stands for.
    const uint64_t lock_wait = constant(layout, "TASK_RTLOCK_WAIT");
    if (lock_wait != 0 && (both & lock_wait) != 0) return 'D';
    const uint64_t frozen = constant(layout, "TASK_FROZEN");
    if (frozen != 0 && (both & frozen) != 0) return 'D';
    for (const Letter& one : LETTERS) {
        if ((both & constant(layout, one.constant)) != 0) return one.letter;
    }
    return 'R';
}

}  // namespace defib::boot
