// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The example of engine/kernel/README.md.
#include "engine/kernel/lists.h"

ROUTINE(stop_process, SUMMARY("stops one process and its threads"),
        WRITES(signal_struct.shared_pending.signal.sig), WRITES(task_struct.thread_info.flags))
(s32 pid) {
    const auto init = symbol(task_struct, init_task);
    for (auto task : list_of(task_struct, tasks, &init->tasks)) {
        if (task->pid != pid) continue;
        task->signal->shared_pending.signal.sig[0] |= u64{1} << (19 - 1);
        task->thread_info.flags |= u64{1} << constant(TIF_SIGPENDING);
        return 1;
    }
    return 0;
}
