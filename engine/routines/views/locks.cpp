// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib locks`: who waits for which lock, and who holds it.
#include "engine/kernel/tasks.h"
#include "engine/kernel/waits.h"
#include "engine/routines/views/lock_records.h"

namespace {

constexpr u64 READ_FAILED = u64{1} << 63;  // RWSEM_FLAG_READFAIL

// A rw_semaphore counts its readers and notes one of them, the last to come
// (rwsem_set_reader_owned()). It may have left since, and nothing says so, but while its task is
// one it is worth a name.
void name_readers(DefibWaitRecord* record, const Addresses& places, kp<rw_semaphore> lock) {
    const u64 count = static_cast<u64>(lock->count.counter) & ~READ_FAILED;
    record->readers = static_cast<u32>(count >> (constant(RWSEM_READER_SHIFT) & 63));
    const u64 last = static_cast<u64>(lock->owner.counter) & ~OWNER_FLAGS;
    if (record->readers == 0 || !is_in_direct_map(places, last)) return;
    const auto task = pointer_from<task_struct>(last);
    if (!is_in_direct_map(places, address_of(task->thread_pid)) || !is_task(task)) return;
    record->reader_pid = task->pid;
    for (u32 i = 0; i < sizeof(record->reader_comm); ++i) record->reader_comm[i] = task->comm[i];
}

void name_wait(DefibWaitRecord* record, kp<task_struct> task) {
    const Wait wait = wait_of(task);
    record->lock = wait.lock;
    record->kind = wait.kind;
    if (wait.is_with_readers)
        return name_readers(record, addresses(), pointer_from<rw_semaphore>(wait.lock));
    if (wait.owner == 0) return;
    const auto owner = pointer_from<task_struct>(wait.owner);
    record->owner = wait.owner;
    record->owner_pid = owner->pid;
    for (u32 i = 0; i < sizeof(record->owner_comm); ++i) record->owner_comm[i] = owner->comm[i];
}

}  // namespace

VIEW(wait, SUMMARY("what a blocked task waits for"), OF_EACH(threads), FUEL(40000))
(kp<task_struct> task) {
    const u32 state = task->__state;
    const auto rt_waiter = pointer_from<task_struct___waits>(address_of(task))->pi_blocked_on;
    const u64 blocked = constant(TASK_UNINTERRUPTIBLE) | constant(TASK_RTLOCK_WAIT);
    const bool is_idle = (state & constant(TASK_NOLOAD)) != 0;
    if (rt_waiter == nullptr && ((state & blocked) == 0 || is_idle)) return;
    if (!is_task(task)) return;

    const auto record = emit<DefibWaitRecord>(DEFIB_RECORD_WAIT);
    record->task = address_of(task);
    record->pid = task->pid;
    record->tgid = task->tgid;
    record->state = state;
    record->switches = task->nvcsw + task->nivcsw;
    record->in_iowait = static_cast<u32>(bits(task, task_struct, in_iowait));
    for (u32 i = 0; i < sizeof(record->comm); ++i) record->comm[i] = task->comm[i];
    name_wait(record, task);
}

VIEW(spin, SUMMARY("what runs on each CPU, and which CPUs queue for a spinlock"), FUEL(200000))() {
    for (const u32 cpu : present_cpus()) {
        const auto record = emit<DefibSpinRecord>(DEFIB_RECORD_SPIN);
        const auto task = per_cpu(rq___current, runqueues, cpu)->curr;
        record->cpu = cpu;
        record->task = address_of(task);
        record->pid = task->pid;
        for (u32 i = 0; i < sizeof(record->comm); ++i) record->comm[i] = task->comm[i];
        record->queue_nodes = per_cpu(qnode, qnodes, cpu)->mcs.count;
    }
}
