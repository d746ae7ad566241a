// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib locks`: who waits for which lock, and who holds it.
//
// A task that sleeps on a mutex or rw_semaphore does not say so anywhere (blocked_on came with
// proxy execution, and with DEBUG_MUTEXES). But its waiter lies on its own stack, linked into the
// lock's list: {list, task, ...} with `task` being itself (__mutex_lock_common(),
// rwsem_down_read_slowpath()). So the stack is searched for the task's own address behind two
// pointers that lead back, and the list is followed to its head, which lies in the lock: the only
// one of the ring that is on no stack. An rt_mutex is named by task_struct.pi_blocked_on.
#include "engine/kernel/locks.h"
#include "engine/kernel/interrupt_frame_x86_64.h"
#include "engine/kernel/tasks.h"
#include "engine/routines/views/lock_records.h"

namespace {

constexpr u64 MOST_WAITERS = 512;           // followed from one task to the lock
constexpr u64 OWNER_FLAGS = 7;              // MUTEX_FLAGS, RWSEM_OWNER_FLAGS_MASK and one spare
constexpr u64 READ_FAILED = u64{1} << 63;   // RWSEM_FLAG_READFAIL
constexpr u64 LONGEST_WAIT = u64{1} << 28;  // in jiffies: a month

struct Addresses {
    u64 direct_map;
    u64 vmalloc;
    u64 vmemmap;
};

Addresses addresses() {
    return {*symbol(u64, page_offset_base), *symbol(u64, vmalloc_base), *symbol(u64, vmemmap_base)};
}

// With CONFIG_VMAP_STACK stacks are here, and locks are not.
bool is_on_a_stack(const Addresses& places, u64 address) {
    return address >= places.vmalloc && address < places.vmemmap;
}
bool is_in_direct_map(const Addresses& places, u64 address) {
    return address >= places.direct_map && address < places.vmalloc;
}
// Where a list's node may lie: on a stack, in an object, in the kernel or a module.
bool is_node(const Addresses& places, u64 address) {
    if ((address & 7) != 0) return false;
    if (is_in_direct_map(places, address) || is_on_a_stack(places, address)) return true;
    return address >= address_of(symbol(void, _text)) && address < ~u64{0xffffff};
}

u64 word_at(u64 address) {
    return *pointer_from<const u64>(address);
}

// A node whose neighbours both know it.
bool is_linked(const Addresses& places, u64 node) {
    const u64 next = word_at(node);
    const u64 previous = word_at(node + 8);
    if (!is_node(places, next) || !is_node(places, previous)) return false;
    return word_at(next + 8) == node && word_at(previous) == node;
}

// The waiter on this task's own stack; 0: none.
u64 find_waiter(const Addresses& places, kp<task_struct> task) {
    const auto waits = pointer_from<task_struct___waits>(address_of(task));
    const u64 stack = address_of(waits->stack);
    const u64 end = stack + stack_bytes();
    const u64 behind_list = offset_of(mutex_waiter, task);
    u64 at = waits->thread.sp;
    if (at < stack || at >= end) return 0;
    for (at = (at + behind_list + 7) & ~u64{7}; at < end; at += 8) {
        if (word_at(at) != address_of(task)) continue;
        const u64 node = at - behind_list;
        if (is_node(places, word_at(node)) && is_linked(places, node)) return node;
    }
    return 0;
}

// The list's head; 0: the list is longer than anybody's patience, or was torn.
u64 find_head(const Addresses& places, u64 waiter) {
    u64 node = waiter;
    for (u64 i = 0; i < MOST_WAITERS; ++i) {
        node = word_at(node);
        if (!is_node(places, node) || node == waiter) return 0;
        if (!is_on_a_stack(places, node)) return node;
    }
    return 0;
}

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

void name_owner(DefibWaitRecord* record, const Addresses& places, u64 owner) {
    if (!is_in_direct_map(places, owner)) return;
    const auto task = pointer_from<task_struct>(owner);
    record->owner = owner;
    record->owner_pid = task->pid;
    for (u32 i = 0; i < sizeof(record->owner_comm); ++i) record->owner_comm[i] = task->comm[i];
}

// The waiter of a rw_semaphore has a deadline in jiffies where a mutex's has nothing.
bool is_rwsem_waiter(u64 waiter) {
    const u64 timeout = pointer_from<rwsem_waiter>(waiter)->timeout;
    const u64 now = *symbol(u64, jiffies);
    return timeout - (now - LONGEST_WAIT) < 2 * LONGEST_WAIT;
}

// Not so with PREEMPT_RT, where both are an rt_mutex inside.
bool has_waiters_in_lists() {
    return type_exists(mutex_waiter) && type_exists(rwsem_waiter) && exists(mutex, owner) &&
           exists(mutex, wait_list) && exists(rw_semaphore, owner) && exists(rw_semaphore, count) &&
           enum_exists(rwsem_waiter_type, RWSEM_WAITING_FOR_WRITE) &&
           exists(rw_semaphore, wait_list) && constant_exists(MUTEX_FLAG_WAITERS) &&
           constant_exists(RWSEM_READER_OWNED) && constant_exists(RWSEM_READER_SHIFT);
}

void name_list_lock(DefibWaitRecord* record, kp<task_struct> task) {
    const Addresses places = addresses();
    const u64 waiter = find_waiter(places, task);
    if (waiter == 0) return;
    const u64 head = find_head(places, waiter);
    if (head == 0) return;
    if (is_rwsem_waiter(waiter)) {
        const u64 lock = head - offset_of(rw_semaphore, wait_list);
        const u64 owner = static_cast<u64>(pointer_from<rw_semaphore>(lock)->owner.counter);
        const bool wants_to_write =
            pointer_from<rwsem_waiter>(waiter)->type ==
            static_cast<u32>(enum_value(rwsem_waiter_type, RWSEM_WAITING_FOR_WRITE));
        record->lock = lock;
        record->kind = wants_to_write ? DEFIB_LOCK_RWSEM_WRITE : DEFIB_LOCK_RWSEM_READ;
        if ((owner & constant(RWSEM_READER_OWNED)) != 0) {
            name_readers(record, places, pointer_from<rw_semaphore>(lock));
        } else {
            name_owner(record, places, owner & ~OWNER_FLAGS);
        }
        return;
    }
    const u64 lock = head - offset_of(mutex, wait_list);
    const u64 owner = static_cast<u64>(pointer_from<struct mutex>(lock)->owner.counter);
    // Whatever else keeps its waiters so (a semaphore) has no such word.
    if ((owner & constant(MUTEX_FLAG_WAITERS)) == 0) return;
    record->lock = lock;
    record->kind = DEFIB_LOCK_MUTEX;
    name_owner(record, places, owner & ~OWNER_FLAGS);
}

void name_rt_mutex(DefibWaitRecord* record, kp<rt_mutex_waiter> waiter) {
    const auto lock = waiter->lock;
    record->lock = address_of(lock);
    record->kind = DEFIB_LOCK_RT_MUTEX;
    name_owner(record, addresses(), address_of(untag(lock->owner, 1)));
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
    if (rt_waiter != nullptr) {
        name_rt_mutex(record, rt_waiter);
    } else if (has_waiters_in_lists()) {
        name_list_lock(record, task);
    }
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
