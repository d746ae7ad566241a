// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as changes to a policy table. What passes check_policy() is then lived by: a machine
// falls ill under it, and nothing outside of the window, the tables and the protections is touched.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/runtime/policy.h"
#include "engine/runtime/testing/sick_machine.h"

namespace {

using defib::testing::culprit;
using defib::testing::SickMachine;

constexpr size_t CHANGE = 6;  // where, a little-endian offset of 4 bytes, and two bytes of value

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    SickMachine machine;
    machine.add_rule("one");
    machine.add_rule("two").fault = DEFIB_FAULT_FORK_BOMB;
    machine.cgroup_names = std::string_view("a\0b\0", 4);
    machine.cgroup_levels = 2;
    for (size_t at = 0; at + CHANGE <= size; at += CHANGE) {
        uint32_t where = 0;
        std::memcpy(&where, data + at, sizeof where);
        std::memcpy(
            reinterpret_cast<std::byte*>(&machine.policy) + where % (sizeof machine.policy - 1),
            data + at + sizeof where, CHANGE - sizeof where);
    }
    const bool is_whole = defib::runtime::check_policy(machine.policy);
    machine.fall_ill(DEFIB_FAULT_MEMORY_LOW, 0,
                     {culprit(1, "init", 100), culprit(7, "hog", 9), culprit(8, "other", 3)});
    machine.fall_ill(DEFIB_FAULT_FORK_BOMB, 1, {culprit(9, "bomb")});
    machine.start();
    machine.run_ms(30);
    machine.effect = DEFIB_EFFECT_THERE;
    machine.run_ms(200);
    const bool acts = is_whole && machine.policy.mode == DEFIB_MODE_ACT;
    must(acts || machine.acts.empty());
    must(acts || machine.memory.read<uint64_t>(SickMachine::WORD) == 0);
    return 0;
}
