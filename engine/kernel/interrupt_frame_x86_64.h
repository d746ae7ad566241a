// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What an interrupt leaves on a kernel stack of x86-64.
//
// The processor pushes where it was, at a stack pointer aligned to 16 (Intel SDM, volume 3, 6.14.2:
// SS, RSP, RFLAGS, CS, RIP), and the kernel its registers below (PUSH_REGS, struct pt_regs). The
// handler then runs on another stack, so the frame stays as it was until the next interrupt at the
// same depth: of a CPU that spins, each tick renews it in place.
#ifndef DEFIB_ENGINE_KERNEL_INTERRUPT_FRAME_X86_64_H
#define DEFIB_ENGINE_KERNEL_INTERRUPT_FRAME_X86_64_H

#include "engine/kernel/structs.h"

// `di` is the first of a function's arguments. `cs` and `ss` are narrower since there is FRED
// (struct fred_cs in arch/x86/include/asm/ptrace.h), so they are read as the processor pushed them.
kernel_struct pt_regs {
    u64 di;
    u64 ip;
};

inline constexpr u64 KERNEL_CODE_SEGMENT = 0x10;  // __KERNEL_CS
inline constexpr u64 KERNEL_DATA_SEGMENT = 0x18;  // __KERNEL_DS
// What an interrupt out of user code puts into SS (Intel SDM, volume 3, 6.14.4); a switch to
// another task does not load it again, so a kernel thread may run with it for as long as it runs.
inline constexpr u64 NO_SEGMENT = 0;
inline constexpr u64 SEGMENT_BITS = 0xffff;  // with FRED the rest of the word has other uses

inline u64 stack_word(u64 address) {
    return *pointer_from<const u64>(address);
}

// Whether the word at this place of a stack is the RIP that such a frame begins with.
inline bool is_interrupt_frame(u64 at) {
    if ((stack_word(at + 8) & SEGMENT_BITS) != KERNEL_CODE_SEGMENT) return false;
    const u64 stack_segment = stack_word(at + 32) & SEGMENT_BITS;
    if (stack_segment != KERNEL_DATA_SEGMENT && stack_segment != NO_SEGMENT) return false;
    return (stack_word(at + 24) & ~u64{15}) == at + 40;
}

// How much a task's stack has (THREAD_SIZE): a #define that only headers tell, but the first task's
// stack lies in the image between two symbols of the linker script (INIT_TASK_DATA in
// include/asm-generic/vmlinux.lds.h). 0: not known.
inline u64 stack_bytes() {
    if (constant_exists(THREAD_SIZE)) return constant(THREAD_SIZE);
    // Their names since the task itself is elsewhere: vmlinux.lds.h has one pair or the other.
    if (symbol_exists(__start_init_stack) && symbol_exists(__end_init_stack))
        return address_of(symbol(void, __end_init_stack)) -
               address_of(symbol(void, __start_init_stack));
    if (symbol_exists(__start_init_task) && symbol_exists(__end_init_task))
        return address_of(symbol(void, __end_init_task)) -
               address_of(symbol(void, __start_init_task));
    return 0;
}

#endif
