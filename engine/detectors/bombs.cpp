// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Fork and thread bombs: one process, or one family, that multiplies.
//
// Many tasks are no fault; a number that has grown by much within the window asks for a look at
// all processes. A thread bomb is a process with too many threads. A fork bomb is a process with
// too many descendants: every process is counted for its ancestor just below init, then the largest
// such family for the children of that ancestor, and so on down, as long as one child has most of
// it. So neither the login shell nor the service that the bomb was started from is blamed. Where
// parents die and their children fall to init there is no descent left; then the processes of one
// name are counted, and the oldest of them is named.
//
// A service that starts a thousand workers at once is no bomb: there one process forks, and its
// children do not. So a quarter of the family must be children of children, or it must be eight
// times as large as a family may be.
//
// What was found stays found until it has shrunk to half of what it takes. Behind it are named the
// next largest, for whoever has to judge: of families those beside the one that was followed, at
// whatever depth.
#include "engine/detectors/cpu_watch.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/tasks.h"

namespace {

constexpr u32 SAMPLES = 16;
constexpr u64 SCAN_NS = 500 * NS_A_MS;
constexpr u32 MOST_FAMILIES = 64;
constexpr u32 MOST_NAMES = 48;
constexpr u32 MOST_GENERATIONS = 24;
constexpr u32 MOST_STEPS = 6;
constexpr u32 FAR_TOO_MANY = 8;  // times what it takes, and who forked them does not matter

constexpr u32 RUNNERS_UP = 2;

struct Family {
    u64 head;
    u64 count;
};
struct Name {
    u32 mark;
    u32 count;
    u64 oldest;
    u64 start_ns;
};
struct BombWatch {
    u64 sampled_ns;
    u64 samples;
    u32 threads[SAMPLES];
    u64 scanned_ns;
    u64 fork_since;
    u64 thread_since;
    u64 root;  // of the fork bomb
    u64 descendants;
    Family next_families[RUNNERS_UP];
    u64 by_name;
    u64 of_others;                   // descendants that the root itself has not forked
    Family largest[1 + RUNNERS_UP];  // processes by threads, the most first
    Family families[MOST_FAMILIES];
    Name names[MOST_NAMES];
};

// How many more threads there are than at the window's least.
u32 growth_in_window(BombWatch* watch, u32 threads, u32 window_ms) {
    if (now() - watch->sampled_ns >= window_ms * NS_A_MS / SAMPLES) {
        watch->threads[watch->samples % SAMPLES] = threads;
        watch->samples += 1;
        watch->sampled_ns = now();
    }
    u32 least = threads;
    for (u32 i = 0; i < SAMPLES && i < watch->samples; ++i)
        if (watch->threads[i] < least) least = watch->threads[i];
    return threads - least;
}

void count_family(BombWatch* watch, u64 head) {
    const u32 first = fold(head) % MOST_FAMILIES;
    for (u32 i = 0; i < MOST_FAMILIES; ++i) {
        const u32 at = (first + i) % MOST_FAMILIES;
        if (watch->families[at].count != 0 && watch->families[at].head != head) continue;
        watch->families[at].head = head;
        watch->families[at].count += 1;
        return;
    }
}

void count_name(BombWatch* watch, kp<task_struct> task) {
    u64 word = 0;
    for (u32 i = 0; i < 8; ++i) word = word << 8 | static_cast<u8>(task->comm[i]);
    const u32 mark = fold(word ^ u64{task->real_cred->uid.val} << 32);
    const u64 start_ns = task->start_time;
    for (u32 i = 0; i < MOST_NAMES; ++i) {
        const u32 at = (mark + i) % MOST_NAMES;
        if (watch->names[at].count != 0 && watch->names[at].mark != mark) continue;
        if (watch->names[at].count == 0 || start_ns < watch->names[at].start_ns) {
            watch->names[at].oldest = address_of(task);
            watch->names[at].start_ns = start_ns;
        }
        watch->names[at].mark = mark;
        watch->names[at].count += 1;
        return;
    }
}

// Its ancestor that is a child of `above`; null where it has none such.
kp<task_struct> ancestor_below(kp<task_struct> task, kp<task_struct> above) {
    for (u32 i = 0; i < MOST_GENERATIONS; ++i) {
        const kp<task_struct> parent = task->real_parent->group_leader;
        if (parent == above) return task;
        if (parent == task || parent == nullptr) return nullptr;
        task = parent;
    }
    return nullptr;
}

void count_families(BombWatch* watch, kp<task_struct> above) {
    for (u32 i = 0; i < MOST_FAMILIES; ++i) watch->families[i].count = 0;
    for_each_process([&](kp<task_struct> task) {
        const auto head = ancestor_below(task, above);
        if (head != nullptr) count_family(watch, address_of(head));
    });
}
u32 largest_family(BombWatch* watch) {
    u32 best = 0;
    for (u32 i = 1; i < MOST_FAMILIES; ++i)
        if (watch->families[i].count > watch->families[best].count) best = i;
    return best;
}

kp<task_struct> init_process() {
    return task_of(1, static_cast<u64>(enum_value(pid_type, PIDTYPE_TGID)));
}

void forget_runners_up(BombWatch* watch) {
    for (u32 i = 0; i < RUNNERS_UP; ++i) {
        watch->next_families[i].head = 0;
        watch->next_families[i].count = 0;
    }
}
void keep_runner_up(BombWatch* watch, u64 head, u64 count) {
    if (count <= watch->next_families[RUNNERS_UP - 1].count) return;
    u32 at = RUNNERS_UP - 1;
    for (; at > 0 && watch->next_families[at - 1].count < count; --at) {
        watch->next_families[at].head = watch->next_families[at - 1].head;
        watch->next_families[at].count = watch->next_families[at - 1].count;
    }
    watch->next_families[at].head = head;
    watch->next_families[at].count = count;
}
void follow(BombWatch* watch, u32 best) {
    watch->root = watch->families[best].head;
    watch->descendants = watch->families[best].count;
    for (u32 i = 0; i < MOST_FAMILIES; ++i)
        if (i != best) keep_runner_up(watch, watch->families[i].head, watch->families[i].count);
}

void find_root(BombWatch* watch) {
    forget_runners_up(watch);
    count_families(watch, init_process());
    u32 best = largest_family(watch);
    follow(watch, best);
    watch->by_name = 0;
    for (u32 step = 0; step < MOST_STEPS && watch->descendants > 1; ++step) {
        count_families(watch, pointer_from<task_struct>(watch->root));
        best = largest_family(watch);
        if (watch->families[best].count * 4 < watch->descendants * 3) return;
        follow(watch, best);
    }
}

// Children of children. Of what is counted by name the parents are dead: somebody else forked all.
void count_generations(BombWatch* watch) {
    watch->of_others = watch->descendants;
    if (watch->by_name != 0) return;
    const auto root = pointer_from<task_struct>(watch->root);
    for_each_process([&](kp<task_struct> task) {
        const bool is_own = task == root || task->real_parent->group_leader == root;
        if (is_own && watch->of_others != 0) watch->of_others -= 1;
    });
}
bool multiplies(BombWatch* watch, u32 least_processes) {
    return watch->of_others * 4 >= watch->descendants ||
           watch->descendants >= u64{least_processes} * FAR_TOO_MANY;
}

void find_name(BombWatch* watch) {
    for (u32 i = 0; i < MOST_NAMES; ++i) watch->names[i].count = 0;
    for_each_process([&](kp<task_struct> task) {
        if (task->mm != nullptr) count_name(watch, task);
    });
    u32 best = 0;
    for (u32 i = 1; i < MOST_NAMES; ++i)
        if (watch->names[i].count > watch->names[best].count) best = i;
    if (watch->names[best].count <= watch->descendants) return;
    watch->root = watch->names[best].oldest;
    watch->descendants = watch->names[best].count;
    watch->by_name = 1;
    forget_runners_up(watch);
    for (u32 i = 0; i < MOST_NAMES; ++i)
        if (i != best) keep_runner_up(watch, watch->names[i].oldest, watch->names[i].count);
}

void find_threads(BombWatch* watch) {
    for (u32 i = 0; i <= RUNNERS_UP; ++i) {
        watch->largest[i].head = 0;
        watch->largest[i].count = 0;
    }
    for_each_process([&](kp<task_struct> task) {
        const u64 threads = not_negative(task->signal->nr_threads);
        if (threads <= watch->largest[RUNNERS_UP].count) return;
        u32 at = RUNNERS_UP;
        for (; at > 0 && watch->largest[at - 1].count < threads; --at) {
            watch->largest[at].head = watch->largest[at - 1].head;
            watch->largest[at].count = watch->largest[at - 1].count;
        }
        watch->largest[at].head = address_of(task);
        watch->largest[at].count = threads;
    });
}

DefibFinding* report_bomb(DefibFault fault, u64 since_ns, u64 task_address, u64 size, u64 threads,
                          u64 growth, u64 by_name) {
    const auto task = pointer_from<task_struct>(task_address);
    const auto finding = report(fault, static_cast<u32>(task->tgid), since_ns);
    finding->evidence[0] = size;
    finding->evidence[1] = threads;
    finding->evidence[2] = growth;
    finding->evidence[3] = by_name;
    name_culprit(finding, task)->weight = size;
    return finding;
}
// It may have ended since it was counted.
void name_runner_up(DefibFinding* finding, u64 task_address, u64 size) {
    if (task_address == 0) return;
    const auto task = pointer_from<task_struct>(task_address);
    if (is_task(task)) name_culprit(finding, task)->weight = size;
}

void report_threads(BombWatch* watch, u64 threads, u64 growth) {
    const auto finding =
        report_bomb(DEFIB_FAULT_THREAD_BOMB, watch->thread_since, watch->largest[0].head,
                    watch->largest[0].count, threads, growth, 0);
    for (u32 i = 1; i <= RUNNERS_UP; ++i)
        name_runner_up(finding, watch->largest[i].head, watch->largest[i].count);
}
void report_family(BombWatch* watch, u64 threads, u64 growth) {
    const auto finding = report_bomb(DEFIB_FAULT_FORK_BOMB, watch->fork_since, watch->root,
                                     watch->descendants, threads, growth, watch->by_name);
    for (u32 i = 0; i < RUNNERS_UP; ++i)
        name_runner_up(finding, watch->next_families[i].head, watch->next_families[i].count);
}

}  // namespace

DETECTOR(bombs, SUMMARY("a process that multiplies, by fork or by threads"), PERIOD_MS(100),
         FUEL(8000000))
(u32 least_processes, u32 least_threads, u32 least_growth, u32 window_ms) {
    const auto watch = remember<BombWatch>();
    if (has_panicked()) return;
    const s32 counted = *symbol(s32, nr_threads);
    const u32 threads = counted < 0 ? 0 : static_cast<u32>(counted);
    const u32 growth = growth_in_window(watch, threads, window_ms);
    const bool is_found = watch->fork_since != 0 || watch->thread_since != 0;
    if (!is_found && growth < least_growth) return;
    if (now() - watch->scanned_ns >= SCAN_NS) {
        watch->scanned_ns = now();
        find_threads(watch);
        find_root(watch);
        if (watch->descendants < least_processes) find_name(watch);
        count_generations(watch);
    }
    const u32 shrunk = watch->fork_since != 0 ? 2 : 1;
    watch->fork_since = since(watch->fork_since,
                              watch->descendants * shrunk >= least_processes &&
                                  (watch->fork_since != 0 || multiplies(watch, least_processes)));
    const u32 thinned = watch->thread_since != 0 ? 2 : 1;
    watch->thread_since =
        since(watch->thread_since, watch->largest[0].count * thinned >= least_threads);
    if (watch->thread_since != 0) report_threads(watch, threads, growth);
    if (watch->fork_since != 0) report_family(watch, threads, growth);
}
