// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Who has most memory and who takes it fastest, from one look at all processes to the next.
//
// To be the fastest of all, a process has to be known before it is large: the sizes at the last
// look are kept of more processes than are named, in places that a hash chooses. Where two have one
// place the larger keeps it, so that whoever is left out has little. Growth is an average of the
// latest looks: who takes memory by fits and starts is not passed over for who just stands still.
#ifndef DEFIB_ENGINE_DETECTORS_GROWTH_H
#define DEFIB_ENGINE_DETECTORS_GROWTH_H

#include "engine/detectors/cpu_watch.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/tasks.h"

inline constexpr u64 SIZES_APART_NS = 200 * NS_A_MS;
inline constexpr u64 SIZES_LOST_NS = 2000 * NS_A_MS;  // an older look tells nothing of now
inline constexpr u32 MOST_SIZED = 8;                  // of the largest, and of the fastest
inline constexpr u32 MOST_KNOWN = 160;                // what a detector's memory has room for

struct Sized {
    u64 task;  // 0: a free place
    u64 start_ns;
    u64 pages;
    u64 growth;  // pages a second
};
struct KnownSize {
    u32 mark;  // task and start, folded
    u32 pages;
    u32 growth;
    u32 look;  // the one that saw it last
};
struct SizeWatch {
    u64 looked_ns;
    u32 looks;
    u32 in_a_row;
    Sized largest[MOST_SIZED];
    Sized fastest[MOST_SIZED];
    KnownSize known[MOST_KNOWN];
};

// Growth of a process since the look before this one; 0 where that did not see it.
inline u32 note_size(SizeWatch* watch, u32 mark, u32 pages, u64 past_ms) {
    const u32 at = mark % MOST_KNOWN;
    const bool is_same = watch->known[at].mark == mark && watch->known[at].pages != 0;
    u32 growth = 0;
    if (is_same && watch->known[at].look + 1 == watch->looks) {
        const u32 before = watch->known[at].pages;
        const u64 latest = pages > before ? u64{pages - before} * 1000 / past_ms : 0;
        const u64 average = watch->known[at].growth;
        growth = static_cast<u32>(average == 0 ? latest : (average * 3 + latest) / 4);
    } else if (!is_same && watch->known[at].look + 1 >= watch->looks &&
               watch->known[at].pages >= pages) {
        return 0;
    }
    watch->known[at].mark = mark;
    watch->known[at].pages = pages;
    watch->known[at].growth = growth;
    watch->known[at].look = watch->looks;
    return growth;
}

inline void put_sized(Sized* place, const Sized& one) {
    place->task = one.task;
    place->start_ns = one.start_ns;
    place->pages = one.pages;
    place->growth = one.growth;
}
// By a measure, the most first; who has nothing of it has no place.
template <class Measure>
inline void keep_sized(Sized* table, const Sized& one, Measure measure) {
    if (measure(one) <= measure(table[MOST_SIZED - 1])) return;
    u32 at = MOST_SIZED - 1;
    for (; at > 0 && measure(table[at - 1]) < measure(one); --at)
        put_sized(&table[at], table[at - 1]);
    put_sized(&table[at], one);
}

// Begins a look, at most one in SIZES_APART_NS; 0: not yet. Else the ms since the last one.
inline u64 begin_sizes(SizeWatch* watch) {
    const u64 past_ns = now() - watch->looked_ns;
    if (watch->looked_ns != 0 && past_ns < SIZES_APART_NS) return 0;
    const bool is_lost = past_ns >= SIZES_LOST_NS;
    watch->looked_ns = now();
    watch->looks += is_lost ? 2 : 1;  // so that no size is of the look before
    watch->in_a_row = is_lost ? 1 : watch->in_a_row + 1;
    for (u32 i = 0; i < MOST_SIZED; ++i) {
        put_sized(&watch->largest[i], {0, 0, 0, 0});
        put_sized(&watch->fastest[i], {0, 0, 0, 0});
    }
    return past_ns / NS_A_MS;
}
inline void take_size(SizeWatch* watch, kp<task_struct> task, u64 pages, u64 past_ms) {
    const u64 start_ns = task->start_time;
    const u64 growth =
        note_size(watch, fold(address_of(task) ^ start_ns), static_cast<u32>(pages), past_ms);
    const Sized one = {address_of(task), start_ns, pages, growth};
    keep_sized(watch->largest, one, [](const Sized& sized) { return sized.pages; });
    keep_sized(watch->fastest, one, [](const Sized& sized) { return sized.growth; });
}

// `pages_of_process` says what of a process' memory counts.
template <class Pages>
inline void look_at_sizes(SizeWatch* watch, Pages pages_of_process) {
    const u64 past_ms = begin_sizes(watch);
    if (past_ms == 0) return;
    for_each_process([&](kp<task_struct> task) {
        const auto mm = task->mm;
        if (mm != nullptr) take_size(watch, task, pages_of_process(mm), past_ms);
    });
}

inline bool knows_who_grows(const SizeWatch* watch) {
    return watch->in_a_row > 1;
}

inline void name_sized(DefibFinding* finding, const Sized& one) {
    if (one.task == 0) return;
    const auto task = pointer_from<task_struct>(one.task);
    // It may have ended since, and its memory be another's.
    if (task->start_time != one.start_ns || !is_task(task)) return;
    const auto culprit = name_culprit(finding, task);
    culprit->weight = one.pages;
    culprit->growth = one.growth;
}

inline bool is_in(const Sized* table, u64 task) {
    for (u32 i = 0; i < MOST_SIZED; ++i)
        if (table[i].task == task) return true;
    return false;
}

inline void name_fastest(DefibFinding* finding, const SizeWatch* watch) {
    for (u32 i = 0; i < MOST_SIZED; ++i) name_sized(finding, watch->fastest[i]);
}
// The largest first, then whoever of the fastest is not among them.
inline void name_largest_and_fastest(DefibFinding* finding, const SizeWatch* watch) {
    for (u32 i = 0; i < MOST_SIZED; ++i) name_sized(finding, watch->largest[i]);
    for (u32 i = 0; i < MOST_SIZED; ++i)
        if (!is_in(watch->largest, watch->fastest[i].task)) name_sized(finding, watch->fastest[i]);
}

#endif
