// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A list of twelve fields, as papers about looking at a kernel from outside show it: what `process`
// would take if it told no more than that. A view of the suite's own; no program has it.
#include "engine/kernel/tasks.h"
#include "tests/gpu/brief_record.h"

VIEW(brief, SUMMARY("twelve fields of one process"), OF_EACH(processes), FUEL(1000))
(kp<task_struct> task) {
    if (!is_task(task)) return;
    const auto record = emit<DefibBriefRecord>(DEFIB_RECORD_BRIEF);
    record->pid = task->pid;
    record->tgid = task->tgid;
    record->ppid = task->real_parent->tgid;
    record->state = task->__state;
    record->flags = task->flags;
    record->cpu = task->thread_info.cpu;
    record->prio = task->prio;
    record->threads = task->signal->nr_threads;
    record->utime_ns = task->utime;
    record->stime_ns = task->stime;
    record->start_ns = task->start_time;
    for (u32 i = 0; i < sizeof(record->comm); ++i) record->comm[i] = task->comm[i];
    if (!is_task(task)) give_up(256);
}
