// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What defib-boot runs before it is given a kernel: the ways of the language, over a structure that
// no kernel has, in memory that boot made up. The processor, the compiler's output and the runtime
// must give the answers that boot knows. On a real kernel these cannot bind, and are off.
#include "engine/routines/self_test.h"

#include "engine/kernel/structs.h"

kernel_struct defib_self_test {
    kp<defib_self_test> next;  // a ring
    u32 plain;
    s16 negative;
    u8 narrow;
    BitField bits;
    u64 words[4];
    u32 mark;
};

namespace {

u64 mix(u64 sum, u64 value) {
    return (sum ^ value) * 0x9e3779b97f4a7c15;
}

u64 sum_of(kp<defib_self_test> node) {
    u64 sum = mix(0, node->plain);
    sum = mix(sum, static_cast<u64>(s64{node->negative}));
    sum = mix(sum, node->narrow);
    sum = mix(sum, bits(node, defib_self_test, bits));
    for (u32 i = 0; i < 4; ++i) sum = mix(sum, node->words[i]);
    return sum;
}

}  // namespace

COLLECTOR(self_test_nodes, SUMMARY("self-test: a ring of nodes"), FUEL(2000))
(kp<defib_self_test> first) {
    auto node = first;
    do {
        emit_pointer(node);
        node = node->next;
    } while (node != first);
}

VIEW(self_test_node, SUMMARY("self-test: one node"), OF_EACH(self_test_nodes), FUEL(200))
(kp<defib_self_test> node) {
    const auto record = emit<DefibSelfTestRecord>(DEFIB_RECORD_SELF_TEST);
    record->node = address_of(node);
    record->sum = sum_of(node);
}

VIEW(self_test_endless, SUMMARY("self-test: has to run out of fuel"), FUEL(500))
(kp<defib_self_test> first) {
    u64 turns = 0;
    for (auto node = first; node != nullptr; node = node->next) ++turns;
    return turns;
}

ROUTINE(self_test_mark, SUMMARY("self-test: one store, where all is as expected"),
        WRITES(defib_self_test.mark), FUEL(200))
(kp<defib_self_test> node, u64 sum, u32 mark) {
    if (sum_of(node) != sum) give_up(DEFIB_SELF_TEST_REASON);
    node->mark = mark;
    return node->mark;
}
