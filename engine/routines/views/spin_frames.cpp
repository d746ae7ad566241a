// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib locks`: which CPUs spin for which lock. A guest of a hypervisor has no queue: each waiter
// tries the lock word again and again (virt_spin_lock()), and leaves no data that says so but the
// frame of an interrupt (engine/kernel/spinlocks.h).
#include "engine/kernel/spinlocks.h"
#include "engine/routines/views/lock_records.h"

COLLECTOR(running, SUMMARY("the CPUs, by number"), FUEL(20000))() {
    for (const u32 cpu : present_cpus()) emit_pointer(pointer_from<void>(cpu));
}

VIEW(spin_frame, SUMMARY("the spinlock that a CPU's last interrupt found it waiting for"),
     OF_EACH(running), FUEL(60000))
(u64 cpu) {
    const auto task = per_cpu(rq___current, runqueues, cpu)->curr;
    const SpinFrame spin = find_spin_frame(task);
    if (spin.lock == 0) return;
    const auto record = emit<DefibSpinFrameRecord>(DEFIB_RECORD_SPIN_FRAME);
    record->task = address_of(task);
    record->lock = spin.lock;
    record->lock_word = lock_word(spin.lock);
    record->instruction = stack_word(spin.frame);
    record->cpu = static_cast<u32>(cpu);
}
