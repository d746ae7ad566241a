// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How a detector says what it found: one finding, then its culprits, best first.
#ifndef DEFIB_ENGINE_DETECTORS_REPORT_H
#define DEFIB_ENGINE_DETECTORS_REPORT_H

#include "engine/abi/finding.h"
#include "engine/kernel/structs.h"

inline constexpr u64 NS_A_MS = 1000000;

inline DefibFinding* report(DefibFault fault, u64 key, u64 since_ns) {
    const auto finding = emit<DefibFinding>(DEFIB_RECORD_FINDING);
    finding->fault = static_cast<u32>(fault);
    finding->key = key;
    finding->since_ns = since_ns;
    return finding;
}

inline DefibCulprit* name_culprit(DefibFinding* finding, kp<task_struct> task) {
    finding->culprits += 1;
    const auto culprit = emit<DefibCulprit>(DEFIB_RECORD_CULPRIT);
    culprit->task = address_of(task);
    culprit->start_ns = task->start_time;
    culprit->pid = task->pid;
    culprit->tgid = task->tgid;
    culprit->ppid = task->real_parent->tgid;
    culprit->uid = task->real_cred->uid.val;
    culprit->cpu = task->thread_info.cpu;
    culprit->state = task->__state;
    culprit->flags = task->flags;
    culprit->oom_score_adj = task->signal->oom_score_adj;
    if (const auto groups = task->cgroups; groups != nullptr)
        culprit->cgroup = address_of(groups->dfl_cgrp);
    for (u32 i = 0; i < sizeof(culprit->comm); ++i) culprit->comm[i] = task->comm[i];
    return culprit;
}

// Since when a condition holds: 0 where it does not, kept in what the detector remembers. The first
// moment is one, as 0 stands for none.
inline u64 since(u64 before_ns, bool holds) {
    if (!holds) return 0;
    return before_ns == 0 ? now() : before_ns;
}
// Whether it has held for so long.
inline bool has_held(u64 since_ns, u64 window_ms) {
    return since_ns != 0 && now() - since_ns >= window_ms * NS_A_MS;
}

#endif
