// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// freeze_cgroup: holds every process of a cgroup and of those below it where it is, unseen by them;
// thaw_cgroup: lets them go on. It is what a write to cgroup.freeze does (kernel/cgroup/freezer.c),
// state and all, so that who is forked or moved into the cgroup meanwhile is held too
// (cgroup_post_fork(), cgroup_freezer_migrate_task()), cgroup.freeze reads 1, and an operator may
// take it back by writing 0 there. Marks on the tasks alone would hold no new ones.
//
// writes    of the cgroup: freezer.freeze. Of it and each one below: freezer.e_freeze, counted anew
//           and not stepped, so that doing it twice is doing it once; CGRP_FREEZE in flags. Of each
//           thread in them: JOBCTL_TRAP_FREEZE in jobctl, TIF_SIGPENDING; wake_members follows.
// must hold the named process is the same and in the cgroup or below it; not the root, not a cgroup
//           with the machine's init in or below it; cgroup_mutex is free: nobody is just making,
//           removing or freezing cgroups; of each thread what freeze.cpp says, but that its own
//           debugger or stop is no hindrance: the kernel freezes such too.
// observed  cgroup_freeze_seen: all cgroups have the state, and each thread is `frozen` by its own
//           account. One that sleeps uninterruptibly is not until it returns. cgroup_thaw_seen:
//           no thread is held that no cgroup holds.
// undone    freeze_cgroup by thaw_cgroup, and the other way round.
//
// What it cannot do: KILL reaches who is held by a cgroup at the thaw only. The kernel lets them go
// for it by SIGNAL_GROUP_EXIT (get_signal()), which nobody sets from outside (signal.cpp); without
// it cgroup_leave_frozen() sends them back. CGRP_FROZEN is the kernel's own word, given when a
// thread goes to sleep in the freezer; of a cgroup in which none does (it is empty, or all are
// stopped), cgroup.events never says "frozen 1". A cgroup that is made between the look at the
// mutex and the stores has a state of its own; the observer sees it, and the next try mends it.
#include "engine/kernel/tasks.h"
#include "engine/routines/frozen.h"
#include "engine/routines/quiet.h"
#include "engine/routines/staging.h"

namespace {

bool is_to_freeze(kp<cgroup___tree> group) {
    return (group->flags >> constant(CGRP_FREEZE) & 1) != 0;
}

void require_ours(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_mortal(task, pid, start_ns);
    if (!is_within(task->cgroups->dfl_cgrp, cgroup)) give_up(DEFIB_REASON_CHANGED);
    if (tree_of(cgroup)->level == 0) give_up(DEFIB_REASON_ROOT_CGROUP);
    const auto init = task_of(INIT_PID, static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)));
    if (is_within(init->cgroups->dfl_cgrp, cgroup)) give_up(DEFIB_REASON_INIT);
    require_free(symbol(mutex, cgroup_mutex));
}

// css_next_descendant_pre() in kernel/cgroup/cgroup.c; null: it was the last one.
kp<cgroup_subsys_state> next_below(kp<cgroup_subsys_state> at, kp<cgroup_subsys_state> top) {
    const auto first = at->children.next;
    if (first != &at->children) return container_of(first, cgroup_subsys_state, sibling);
    for (; at != top; at = at->parent) {
        const auto next = at->sibling.next;
        if (next != &at->parent->children) return container_of(next, cgroup_subsys_state, sibling);
    }
    return nullptr;
}

template <class Look>
void for_each_below(kp<cgroup> cgroup, Look look) {
    const auto top = &tree_of(cgroup)->self;
    for (kp<cgroup_subsys_state> at = top; at != nullptr; at = next_below(at, top))
        look(tree_of(at->cgroup));
}

bool is_its(kp<task_struct> thread, kp<cgroup> cgroup) {
    return (thread->flags & constant(PF_KTHREAD)) == 0 && !has_ended(thread) &&
           is_within(thread->cgroups->dfl_cgrp, cgroup);
}

template <class Look>
void for_each_member(kp<cgroup> cgroup, Look look) {
    for_each_thread([&](kp<task_struct> thread) {
        if (is_its(thread, cgroup)) look(thread);
    });
}

// Of how many cgroups, from this one up, it is said that they are to freeze; of `top` it will be.
s32 freezes_from(kp<cgroup___tree> group, kp<cgroup> top, u8 wanted) {
    s32 count = 0;
    for (auto at = group; at != nullptr; at = above(at)) {
        const u8 freeze = address_of(at) == address_of(top) ? wanted : at->freezer.freeze;
        if (freeze != 0) ++count;
    }
    return count;
}

bool is_asleep_in_freezer(kp<task_struct> thread) {
    const u64 elsewhere = constant(__TASK_STOPPED) | constant(__TASK_TRACED);
    return is_frozen(thread) && (thread->__state & elsewhere) == 0;
}

}  // namespace

COLLECTOR(cgroups_below, SUMMARY("a cgroup and those below it"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    for_each_below(cgroup, [](kp<cgroup___tree> group) { emit_pointer(group); });
}

COLLECTOR(cgroup_members, SUMMARY("the threads of a cgroup and of those below it"), FUEL(8000000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    for_each_member(cgroup, [](kp<task_struct> thread) { emit_pointer(thread); });
}

VIEW(cgroup_freeze_seen, SUMMARY("whether each thread of a cgroup is frozen"), FUEL(8000000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    static_cast<void>(task);
    static_cast<void>(pid);
    static_cast<void>(start_ns);
    bool is_all = true;
    for_each_below(cgroup,
                   [&](kp<cgroup___tree> group) { is_all = is_all && is_to_freeze(group); });
    for_each_member(cgroup, [&](kp<task_struct> thread) { is_all = is_all && is_frozen(thread); });
    return is_all ? DEFIB_EFFECT_THERE : DEFIB_EFFECT_NOT_YET;
}

VIEW(cgroup_thaw_seen, SUMMARY("whether no thread of a cgroup is held by it"), FUEL(8000000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    static_cast<void>(task);
    static_cast<void>(pid);
    static_cast<void>(start_ns);
    bool is_any = tree_of(cgroup)->freezer.freeze != 0;
    for_each_member(cgroup, [&](kp<task_struct> thread) {
        if (is_to_freeze(tree_of(thread->cgroups->dfl_cgrp))) return;
        is_any = is_any || has_freeze_mark(thread) || is_asleep_in_freezer(thread);
    });
    return is_any ? DEFIB_EFFECT_NOT_YET : DEFIB_EFFECT_THERE;
}

ROUTINE(freeze_cgroup, SUMMARY("holds all processes of a cgroup and those below it, unseen"),
        MUST_HOLD("the process is the same and in the cgroup or below it; neither the root nor "
                  "init's; nobody is making, removing or freezing cgroups"),
        OF_EACH(cgroups_below), THEN(freeze_members), OBSERVED_BY(cgroup_freeze_seen),
        UNDONE_BY(thaw_cgroup), WRITES(cgroup.freezer.freeze), WRITES(cgroup.freezer.e_freeze),
        WRITES(cgroup.flags), FUEL(40000))
(kp<cgroup___tree> group, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    if (address_of(group) == address_of(cgroup)) group->freezer.freeze = 1;
    group->freezer.e_freeze = freezes_from(group, cgroup, 1);
    const auto byte = narrow<u8>(&group->flags, 0);
    *byte = static_cast<u8>(*byte | 1U << constant(CGRP_FREEZE));
}

ROUTINE(freeze_members, SUMMARY("tells the threads of a cgroup to freeze"), OF_EACH(cgroup_members),
        THEN(wake_members), WRITES(task_struct.jobctl), WRITES(task_struct.thread_info.flags),
        FUEL(40000))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    if (!is_task(thread) || !is_its(thread, cgroup)) return;
    if (!is_to_freeze(tree_of(thread->cgroups->dfl_cgrp))) return;
    if (has_freeze_mark(thread) && is_frozen(thread)) return;
    thread->jobctl |= constant(JOBCTL_TRAP_FREEZE);
    tell_of_signal(thread);
}

ROUTINE(thaw_cgroup, SUMMARY("lets all processes of a frozen cgroup go on"),
        MUST_HOLD("the process is the same and in the cgroup or below it; nobody is making, "
                  "removing or freezing cgroups"),
        OF_EACH(cgroups_below), THEN(thaw_members), OBSERVED_BY(cgroup_thaw_seen),
        UNDONE_BY(freeze_cgroup), WRITES(cgroup.freezer.freeze), WRITES(cgroup.freezer.e_freeze),
        WRITES(cgroup.flags), FUEL(40000))
(kp<cgroup___tree> group, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    if (address_of(group) == address_of(cgroup)) group->freezer.freeze = 0;
    const s32 count = freezes_from(group, cgroup, 0);
    group->freezer.e_freeze = count;
    if (count > 0) return;
    const auto byte = narrow<u8>(&group->flags, 0);
    *byte = static_cast<u8>(*byte & ~(1U << constant(CGRP_FREEZE)));
}

ROUTINE(thaw_members, SUMMARY("tells the threads of a cgroup that they are free"),
        OF_EACH(cgroup_members), THEN(wake_members), WRITES(task_struct.jobctl),
        WRITES(task_struct.thread_info.flags), FUEL(40000))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    if (!is_task(thread) || !is_its(thread, cgroup)) return;
    if (is_to_freeze(tree_of(thread->cgroups->dfl_cgrp))) return;
    const u64 jobctl = thread->jobctl;
    if ((jobctl & constant(JOBCTL_TRAP_FREEZE)) == 0) return;
    thread->jobctl = jobctl & ~constant(JOBCTL_TRAP_FREEZE);
    tell_of_signal(thread);
}

COLLECTOR(cgroup_sleepers, SUMMARY("the threads of a cgroup that sleep on a signal"), FUEL(8000000))
(kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    for_each_member(cgroup, [](kp<task_struct> thread) {
        if (sleeps_on_signal(thread)) emit_pointer(thread);
    });
}

// Where all slots are in use, the next try takes the rest.
ROUTINE(wake_members, SUMMARY("wakes the threads of a cgroup that sleep on a signal"),
        OF_EACH(cgroup_sleepers), THEN(deliver), USES_SCRATCH, FUEL(40000))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns, kp<cgroup> cgroup) {
    require_ours(task, pid, start_ns, cgroup);
    work::require_vehicle();
    if (!is_task(thread) || !is_its(thread, cgroup)) return;
    if (!sleeps_on_signal(thread) || work::is_under_way(thread)) return;
    static_cast<void>(work::stage_wake(thread));
}
