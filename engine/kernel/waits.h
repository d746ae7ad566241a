// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a task that sleeps waits for.
//
// A task that sleeps on a mutex or rw_semaphore does not say so anywhere (blocked_on came with
// proxy execution, and with DEBUG_MUTEXES). But its waiter lies on its own stack, linked into the
// lock's list: {list, task, ...} with `task` being itself (__mutex_lock_common(),
// rwsem_down_read_slowpath()). So the stack is searched for the task's own address behind two
// pointers that lead back, and the list is followed to its head, which lies in the lock: the only
// one of the ring that is on no stack. An rt_mutex is named by task_struct.pi_blocked_on.
#ifndef DEFIB_ENGINE_KERNEL_WAITS_H
#define DEFIB_ENGINE_KERNEL_WAITS_H

#include "engine/kernel/interrupt_frame_x86_64.h"
#include "engine/kernel/locks.h"

inline constexpr u64 MOST_WAITERS = 512;  // followed from one task to the lock
inline constexpr u64 OWNER_FLAGS = 7;     // MUTEX_FLAGS, RWSEM_OWNER_FLAGS_MASK and one spare
inline constexpr u64 LONGEST_WAIT = u64{1} << 28;  // in jiffies: a month

struct Addresses {
    u64 direct_map;
    u64 vmalloc;
    u64 vmemmap;
};

inline Addresses addresses() {
    return {*symbol(u64, page_offset_base), *symbol(u64, vmalloc_base), *symbol(u64, vmemmap_base)};
}

// With CONFIG_VMAP_STACK stacks are here, and locks are not.
inline bool is_on_a_stack(const Addresses& places, u64 address) {
    return address >= places.vmalloc && address < places.vmemmap;
}
inline bool is_in_direct_map(const Addresses& places, u64 address) {
    return address >= places.direct_map && address < places.vmalloc;
}
// Where a list's node may lie: on a stack, in an object, in the kernel or a module.
inline bool is_node(const Addresses& places, u64 address) {
    if ((address & 7) != 0) return false;
    if (is_in_direct_map(places, address) || is_on_a_stack(places, address)) return true;
    return address >= address_of(symbol(void, _text)) && address < ~u64{0xffffff};
}

inline u64 word_at(u64 address) {
    return *pointer_from<const u64>(address);
}

// A node whose neighbours both know it.
inline bool is_linked(const Addresses& places, u64 node) {
    const u64 next = word_at(node);
    const u64 previous = word_at(node + 8);
    if (!is_node(places, next) || !is_node(places, previous)) return false;
    return word_at(next + 8) == node && word_at(previous) == node;
}

// The waiter on this task's own stack; 0: none.
inline u64 find_waiter(const Addresses& places, kp<task_struct> task) {
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
inline u64 find_head(const Addresses& places, u64 waiter) {
    u64 node = waiter;
    for (u64 i = 0; i < MOST_WAITERS; ++i) {
        node = word_at(node);
        if (!is_node(places, node) || node == waiter) return 0;
        if (!is_on_a_stack(places, node)) return node;
    }
    return 0;
}

// The waiter of a rw_semaphore has a deadline in jiffies where a mutex's has nothing.
inline bool is_rwsem_waiter(u64 waiter) {
    const u64 timeout = pointer_from<rwsem_waiter>(waiter)->timeout;
    const u64 now = *symbol(u64, jiffies);
    return timeout - (now - LONGEST_WAIT) < 2 * LONGEST_WAIT;
}

// Not so with PREEMPT_RT, where both are an rt_mutex inside.
inline bool has_waiters_in_lists() {
    return type_exists(mutex_waiter) && type_exists(rwsem_waiter) && exists(mutex, owner) &&
           exists(mutex, wait_list) && exists(rw_semaphore, owner) && exists(rw_semaphore, count) &&
           enum_exists(rwsem_waiter_type, RWSEM_WAITING_FOR_WRITE) &&
           exists(rw_semaphore, wait_list) && constant_exists(MUTEX_FLAG_WAITERS) &&
           constant_exists(RWSEM_READER_OWNED) && constant_exists(RWSEM_READER_SHIFT);
}

enum WaitKind : u32 {
    WAIT_UNKNOWN = 0,
    WAIT_MUTEX = 1,
    WAIT_RWSEM_READ = 2,
    WAIT_RWSEM_WRITE = 3,
    WAIT_RT_MUTEX = 4,
};

struct Wait {
    u32 kind;
    u64 lock;   // 0: not known
    u64 owner;  // a task, or 0: nobody, or not known (readers)
    bool is_with_readers;
};

inline u64 owner_in(const Addresses& places, u64 word) {
    const u64 owner = word & ~OWNER_FLAGS;
    return is_in_direct_map(places, owner) ? owner : 0;
}

inline Wait list_lock_of(kp<task_struct> task) {
    const Addresses places = addresses();
    const u64 waiter = find_waiter(places, task);
    if (waiter == 0) return {WAIT_UNKNOWN, 0, 0, false};
    const u64 head = find_head(places, waiter);
    if (head == 0) return {WAIT_UNKNOWN, 0, 0, false};
    if (is_rwsem_waiter(waiter)) {
        const u64 lock = head - offset_of(rw_semaphore, wait_list);
        const u64 owner = static_cast<u64>(pointer_from<rw_semaphore>(lock)->owner.counter);
        const bool wants_to_write =
            pointer_from<rwsem_waiter>(waiter)->type ==
            static_cast<u32>(enum_value(rwsem_waiter_type, RWSEM_WAITING_FOR_WRITE));
        // Of readers only the last one to come is noted, and it may be gone.
        const bool is_readers = (owner & constant(RWSEM_READER_OWNED)) != 0;
        return {wants_to_write ? WAIT_RWSEM_WRITE : WAIT_RWSEM_READ, lock,
                is_readers ? 0 : owner_in(places, owner), is_readers};
    }
    const u64 lock = head - offset_of(mutex, wait_list);
    const u64 owner = static_cast<u64>(pointer_from<struct mutex>(lock)->owner.counter);
    // Whatever else keeps its waiters so (a semaphore) has no such word.
    if ((owner & constant(MUTEX_FLAG_WAITERS)) == 0) return {WAIT_UNKNOWN, 0, 0, false};
    return {WAIT_MUTEX, lock, owner_in(places, owner), false};
}

// What a task that sleeps waits for, as far as the kernel's data tells.
inline Wait wait_of(kp<task_struct> task) {
    const auto rt_waiter = pointer_from<task_struct___waits>(address_of(task))->pi_blocked_on;
    if (rt_waiter != nullptr) {
        const auto lock = rt_waiter->lock;
        return {WAIT_RT_MUTEX, address_of(lock), owner_in(addresses(), address_of(lock->owner)),
                false};
    }
    if (!has_waiters_in_lists()) return {WAIT_UNKNOWN, 0, 0, false};
    return list_lock_of(task);
}

#endif
