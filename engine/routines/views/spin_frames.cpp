// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib locks`: which CPUs spin for which lock.
//
// A guest of a hypervisor has no queue: each waiter tries the lock word again and again
// (virt_spin_lock()), and leaves no data that says so. But where interrupts are on, the tick comes,
// and what it interrupted stays on the task's stack: an instruction between the linker's marks
// around the code of spinlocks, and the lock's address in a register, most often that of the first
// argument. It counts while that lock is held: a frame that was left from an earlier wait leads to
// a lock that is free, or that somebody else holds for some microseconds.
//
// With interrupts off no frame is renewed, and a test-and-set waiter cannot be told from any other
// loop by data alone.
#include "engine/kernel/interrupt_frame_x86_64.h"
#include "engine/kernel/locks.h"
#include "engine/routines/views/lock_records.h"

namespace {

constexpr u64 REGISTERS = 15;  // of struct pt_regs below the error code
constexpr u64 WORD = 8;
constexpr u64 FRAME_WORDS = 5;
constexpr u32 LOCKED_BYTE = 0xff;
constexpr u32 LOCKED = 1;  // _Q_LOCKED_VAL
constexpr u32 PENDING_BYTE = 0xff00;
constexpr u32 PENDING = 0x100;  // _Q_PENDING_VAL

bool is_lock_code(u64 address) {
    return address >= address_of(symbol(void, __lock_text_start)) &&
           address < address_of(symbol(void, __lock_text_end));
}

// Where a lock may lie: in an object, a module or the image's data, aligned as a u32 is.
bool may_be_a_lock(u64 address) {
    if ((address & 3) != 0) return false;
    if (address >= *symbol(u64, page_offset_base) && address < *symbol(u64, vmalloc_base))
        return true;
    return address >= address_of(symbol(void, _etext)) && address < ~u64{0xffffff};
}

bool is_held(u32 word) {
    const u32 pending = word & PENDING_BYTE;
    return (word & LOCKED_BYTE) == LOCKED && (pending == 0 || pending == PENDING);
}

bool is_held_lock(u64 address) {
    return may_be_a_lock(address) && is_held(*pointer_from<const u32>(address));
}

// The frame that lies highest: below it everything is left over from calls that have returned.
u64 find_frame(u64 stack, u64 bytes) {
    for (u64 at = stack + bytes - FRAME_WORDS * WORD; at > stack + REGISTERS * WORD; at -= WORD)
        if (is_lock_code(stack_word(at)) && is_interrupt_frame(at)) return at;
    return 0;
}

// The register that holds a lock's address; 0: none does.
u64 find_lock(u64 registers) {
    const u64 first_argument = pointer_from<pt_regs>(registers)->di;
    if (is_held_lock(first_argument)) return first_argument;
    for (u64 i = 0; i < REGISTERS; ++i) {
        const u64 value = stack_word(registers + i * WORD);
        if (is_held_lock(value)) return value;
    }
    return 0;
}

}  // namespace

COLLECTOR(running, SUMMARY("the CPUs, by number"), FUEL(20000))() {
    for (const u32 cpu : present_cpus()) emit_pointer(pointer_from<void>(cpu));
}

VIEW(spin_frame, SUMMARY("the spinlock that a CPU's last interrupt found it waiting for"),
     OF_EACH(running), FUEL(60000))
(u64 cpu) {
    const auto task = per_cpu(rq___current, runqueues, cpu)->curr;
    const u64 stack = address_of(pointer_from<task_struct___waits>(address_of(task))->stack);
    const u64 bytes = stack_bytes();
    if (bytes == 0) return;
    const u64 frame = find_frame(stack, bytes);
    if (frame == 0) return;
    const u64 lock = find_lock(frame - offset_of(pt_regs, ip));
    if (lock == 0) return;
    const auto record = emit<DefibSpinFrameRecord>(DEFIB_RECORD_SPIN_FRAME);
    record->task = address_of(task);
    record->lock = lock;
    record->lock_word = *pointer_from<const u32>(lock);
    record->instruction = stack_word(frame);
    record->cpu = static_cast<u32>(cpu);
}
