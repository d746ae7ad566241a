// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Asking the kernel module (kernel-hooks/) for what only a CPU can do. For routines that BY_HOOK
// names: they prove what the other way's routine proves, and then say here what is wanted. The
// module looks again whether the task is that one, and the word that word.
#ifndef DEFIB_ENGINE_ROUTINES_ASKING_H
#define DEFIB_ENGINE_ROUTINES_ASKING_H

#define DEFIB_HOOK_WITHOUT_SUMS
#include "engine/abi/ask.h"
#include "engine/kernel/structs.h"

namespace hook {

inline void ask(u32 kind, u32 cpu, u64 first, u64 second, u64 third, u64 fourth) {
    const auto wanted = emit<DefibAskRecord>(DEFIB_RECORD_ASK);
    wanted->kind = kind;
    wanted->cpu = cpu;
    wanted->arguments[0] = first;
    wanted->arguments[1] = second;
    wanted->arguments[2] = third;
    wanted->arguments[3] = fourth;
}

inline void about(u32 kind, kp<task_struct> task, u64 last) {
    ask(kind, DEFIB_HOOK_ANY_CPU, address_of(task), static_cast<u32>(task->pid), task->start_time,
        last);
}

// wake_up_process()
inline void wake(kp<task_struct> task) {
    about(DEFIB_HOOK_WAKE, task, 0);
}
// set_cpus_allowed_ptr(), of the first 64
inline void set_affinity(kp<task_struct> task, u64 cpus) {
    about(DEFIB_HOOK_AFFINITY, task, cpus);
}
// What runs there is preempted, once its interrupts are on.
inline void reschedule(u32 cpu) {
    ask(DEFIB_HOOK_RESCHEDULE, cpu, 0, 0, 0, 0);
}
// A word that has changed meanwhile is left alone.
inline void release(u64 lock, u32 word) {
    ask(DEFIB_HOOK_RELEASE, DEFIB_HOOK_ANY_CPU, lock, word, ~u32{0}, 0);
}

}  // namespace hook

#endif
