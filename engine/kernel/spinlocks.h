// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which spinlock a CPU waits for.
//
// A CPU that spins with interrupts on is interrupted by its tick, again and again in the same
// place, and what that pushed stays on the task's stack: an instruction between the linker's marks
// around the code of spinlocks (also where a hypervisor's guest spins by test-and-set:
// virt_spin_lock() is a part of the slow path), and the lock's address in a register, most often
// that of the first argument. It counts while that lock is held: a frame that was left from an
// earlier wait leads to a lock that is free, or that somebody else holds for some microseconds. The
// next tick writes it anew, so that a frame which still says the same a second later is of a CPU
// that still spins there.
//
// With interrupts off no frame is renewed, and a test-and-set waiter cannot be told from any other
// loop by data alone: beats.h.
#ifndef DEFIB_ENGINE_KERNEL_SPINLOCKS_H
#define DEFIB_ENGINE_KERNEL_SPINLOCKS_H

#include "engine/kernel/interrupt_frame_x86_64.h"
#include "engine/kernel/locks.h"

inline constexpr u64 FRAME_REGISTERS = 15;  // of struct pt_regs below the error code
inline constexpr u64 FRAME_BYTES = 5 * 8;   // what the processor pushes

inline bool is_lock_code(u64 address) {
    return address >= address_of(symbol(void, __lock_text_start)) &&
           address < address_of(symbol(void, __lock_text_end));
}

// Where a lock may lie: in an object, a module or the image's data, aligned as a u32 is.
inline bool may_be_a_lock(u64 address) {
    if ((address & 3) != 0) return false;
    if (address >= *symbol(u64, page_offset_base) && address < *symbol(u64, vmalloc_base))
        return true;
    return address >= address_of(symbol(void, _etext)) && address < ~u64{0xffffff};
}

inline u32 lock_word(u64 lock) {
    return *pointer_from<const u32>(lock);
}

// A held queued spinlock: the locked byte is 1 (3 where a paravirtual waiter sleeps), the pending
// byte 0 or 1, and the tail that of a CPU that there is (qspinlock_types.h).
inline bool is_held(u32 word) {
    const u32 locked = word & static_cast<u32>(constant(_Q_LOCKED_MASK));
    const u32 pending = word & static_cast<u32>(constant(_Q_PENDING_MASK));
    // The other of the two only where spinlocks may be paravirtual: not with PREEMPT_RT.
    const bool is_slow = constant_exists(_Q_SLOW_VAL) && locked == constant(_Q_SLOW_VAL);
    return (locked == constant(_Q_LOCKED_VAL) || is_slow) &&
           (pending == 0 || pending == constant(_Q_PENDING_VAL)) &&
           word >> constant(_Q_TAIL_CPU_OFFSET) <= *symbol(u32, nr_cpu_ids);
}
inline bool is_held_lock(u64 address) {
    return may_be_a_lock(address) && is_held(lock_word(address));
}

// The lock among registers that lie as in struct pt_regs; 0: none of them is one's address.
inline u64 lock_in_registers(u64 registers) {
    const u64 first_argument = stack_word(registers + offset_of(pt_regs, di));
    if (is_held_lock(first_argument)) return first_argument;
    for (u64 i = 0; i < FRAME_REGISTERS; ++i) {
        const u64 value = stack_word(registers + i * 8);
        if (is_held_lock(value)) return value;
    }
    return 0;
}

// The lock that the frame whose RIP lies at `frame` waits for; 0: it is no such frame, or none of
// its registers holds a lock's address.
inline u64 lock_in_frame(u64 frame) {
    if (!is_lock_code(stack_word(frame)) || !is_interrupt_frame(frame)) return 0;
    const u64 registers = frame - offset_of(pt_regs, ip);
    return lock_in_registers(registers);
}

struct SpinFrame {
    u64 frame;  // where its RIP lies
    u64 lock;   // 0: there is none
};

// The one that lies highest on a current task's stack: below it everything is left over from calls
// that have returned.
inline SpinFrame find_spin_frame(kp<task_struct> task) {
    const u64 stack = address_of(pointer_from<task_struct___waits>(address_of(task))->stack);
    const u64 bytes = stack_bytes();
    if (bytes == 0) return {0, 0};
    for (u64 at = stack + bytes - FRAME_BYTES; at > stack + FRAME_REGISTERS * 8; at -= 8) {
        const u64 lock = lock_in_frame(at);
        if (lock != 0) return {at, lock};
    }
    return {0, 0};
}

#endif
