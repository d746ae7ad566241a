// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What routines_test.cpp runs: what has to come out the same on every processor, and what has to be
// caught while it runs.
#include "engine/compiler/cases/structs.h"

VIEW(divide, SUMMARY("unsigned division"))(u64 a, u64 b) {
    return a / b;
}
VIEW(modulo, SUMMARY("unsigned remainder"))(u64 a, u64 b) {
    return a % b;
}
VIEW(divide_signed, SUMMARY("signed division"))(s64 a, s64 b) {
    return a / b;
}
VIEW(modulo_signed, SUMMARY("signed remainder"))(s64 a, s64 b) {
    return a % b;
}
VIEW(divide_narrow, SUMMARY("signed division of 32 bits"))(s32 a, s32 b) {
    return a / b;
}
VIEW(shift_left, SUMMARY("shift"))(u64 a, u64 amount) {
    return a << amount;
}
VIEW(shift_right_signed, SUMMARY("shift"))(s64 a, u64 amount) {
    return a >> amount;
}
VIEW(shift_narrow, SUMMARY("shift of 32 bits"))(u32 a, u32 amount) {
    return a >> amount;
}
VIEW(zeroes, SUMMARY("trailing zeroes"))(u64 a) {
    return __builtin_ctzll(a);
}

VIEW(put, SUMMARY("a record's element"))(u64 index, u32 value) {
    const auto row = emit<Row>(ROW);
    row->pid = 1;
    row->numbers[index] = value;
    return row->numbers[3];
}

static constexpr u32 SQUARES[] = {0, 1, 4, 9, 16};
VIEW(square, SUMMARY("a constant table"))(u64 index) {
    return SQUARES[index];
}

VIEW(endless, SUMMARY("a loop without an end"))(kp<task_struct> task) {
    u64 turns = 0;
    for (;;) {
        ++turns;
        if (turns == 0) return task->flags;
    }
}

VIEW(impossible, SUMMARY("a path that is said to be impossible"))(u64 a) {
    if (a == 0) __builtin_unreachable();
    return a;
}

ROUTINE(set_letter, SUMMARY("an element of an array"), WRITES(task_struct.comm))
(kp<task_struct> task, u64 index) {
    task->comm[index] = 'x';
}

ROUTINE(set_limit, SUMMARY("an array of structures"), WRITES(task_struct.rlim[].rlim_max))
(kp<task_struct> task, u64 index, u64 value) {
    task->rlim[index].rlim_max = value;
}

ROUTINE(signal_task, SUMMARY("a bit behind a pointer, and a flag"),
        WRITES(signal_struct.shared_pending.signal.sig), WRITES(task_struct.flags))
(kp<task_struct> task, u64 bit) {
    task->signal->shared_pending.signal.sig[0] |= bit;
    task->flags |= u64{1} << constant(TIF_SIGPENDING);
}

ROUTINE(clear_bits, SUMMARY("a bit-field"), WRITES(task_struct.in_iowait))(kp<task_struct> task) {
    const u64 before = bits(task, task_struct, in_iowait);
    set_bits(task, task_struct, in_iowait, 0);
    return before;
}

ROUTINE(quit, SUMMARY("gives up"), WRITES(task_struct.flags))(kp<task_struct> task) {
    if (task->flags == 0) give_up(300);
    task->flags = 0;
}

VIEW(count_tasks, SUMMARY("the task list"))() {
    const auto init = symbol(task_struct, init_task);
    u64 count = 0;
    for (auto at = init->tasks.next; at != &init->tasks; at = at->next)
        count += container_of(at, task_struct, tasks)->pid > 0 ? 1 : 0;
    return count;
}

ROUTINE(mark_first_thread, SUMMARY("a list that may be empty"), WRITES(task_struct.flags))
(kp<task_struct> task) {
    const auto first = task->signal->thread_head.next;
    container_of(first, task_struct, thread_node)->flags = 1;
}

ROUTINE(follow_own, SUMMARY("a pointer that it stored itself"), WRITES(task_struct.parent),
        WRITES(task_struct.flags))
(kp<task_struct> task, kp<task_struct> other) {
    task->parent = other;
    task->parent->flags = 1;
}

ROUTINE(compare_own, SUMMARY("looks at a pointer that it stored itself"),
        WRITES(task_struct.parent))
(kp<task_struct> task, kp<task_struct> other) {
    task->parent = other;
    return task->parent == other ? 1 : 0;
}

ROUTINE(write_scratch, SUMMARY("a store that may leave scratch memory"), USES_SCRATCH)
(u64 offset, u64 index) {
    scratch<task_struct>(offset, 16)->comm[index] = 'x';
}

VIEW(extend, SUMMARY("narrow arguments"))(s8 a, u16 b, bool c)->s32 {
    return c ? a : b;
}

struct Standing {
    u64 since;
    u64 last[4];
};
DETECTOR(stands_still, SUMMARY("for how long"), PERIOD_MS(1))(kp<task_struct> task, u64 which) {
    const auto memory = remember<Standing>();
    const u64 value = task->flags;
    if (memory->since == 0 || memory->last[which] != value) memory->since = now();
    memory->last[which] = value;
    return now() - memory->since;
}
