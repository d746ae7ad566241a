// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A machine that swaps itself to death: tasks stand still while pages are written out, what is
// written out is new, and soon there is nowhere left to write it.
//
// That it swaps is no fault, and that tasks wait for that is none: a machine that works in more
// memory than it has does both, gets on, and gets there. It is told apart by where it is going. A
// process that never has enough takes from swap for good, at the speed of the disk; the kernel's
// own killer waits until the last page is gone, and all that while the rest stands still. So
//
//   half of swap must be gone. Above that it falls in health too: who grows to his size is done
//   before, and a page that comes in again keeps its place in swap, which is given up only below
//   (vm_swap_full()).
//   What is left must soon be gone, as fast as it falls.
//   Somebody must grow about as fast as it falls: by his own pages, in memory or in swap. What
//   works in a set of pages does not grow, and pages of files come and go as others take them.
//   Pages must be written out, and tasks stand still for memory, all of them, much of the time.
//
// What the detector of memory finds comes later: that one waits until free swap is nearly gone,
// too.
#include "engine/detectors/growth.h"
#include "engine/kernel/pressure.h"

namespace {

constexpr u32 SAMPLES = 16;  // of free swap, an eighth of a second apart
constexpr u64 SAMPLE_NS = 125000000;
constexpr u32 LEAST_SAMPLES = 8;
constexpr u64 NS_A_SECOND = 1000000000;

struct ThrashWatch {
    u64 since_ns;
    u64 sampled_ns;
    u32 samples;
    u32 swap_free[SAMPLES];
    // What is averaged since the swap falls so; the older half is forgotten now and then.
    u64 stall_ns;  // its begin; 0: it does not
    u32 looks;
    u32 full;         // sum over the looks, percent
    u32 iowait;       // the same
    u32 swapped_out;  // the kernel's count at the begin
    u32 swapped_in;
    SizeWatch sizes;
};

void sample(ThrashWatch* watch, u64 swap_free) {
    if (now() - watch->sampled_ns < SAMPLE_NS) return;
    watch->swap_free[watch->samples % SAMPLES] = static_cast<u32>(swap_free);
    watch->samples += 1;
    watch->sampled_ns = now();
}

// Pages of swap a second that were lost since the oldest sample; 0 where it did not fall.
u64 fall_of(ThrashWatch* watch, u64 swap_free) {
    if (watch->samples < LEAST_SAMPLES) return 0;
    const u32 span = (watch->samples < SAMPLES ? watch->samples : SAMPLES) - 1;
    const u64 oldest = watch->swap_free[(watch->samples - 1 - span) % SAMPLES];
    return oldest > swap_free ? (oldest - swap_free) * NS_A_SECOND / (span * SAMPLE_NS) : 0;
}

// Each CPU counts its own (all_vm_events()). Differences are what matters: the low half will do.
u32 events(s64 item) {
    u64 sum = 0;
    for (const u32 cpu : present_cpus())
        sum += per_cpu(vm_event_state, vm_event_states, cpu)->event[static_cast<u64>(item)];
    return static_cast<u32>(sum);
}
u32 swapped_out() {
    return events(enum_value(vm_event_item, PSWPOUT));
}
u32 swapped_in() {
    return events(enum_value(vm_event_item, PSWPIN));
}

u64 own_pages(kp<mm_struct> mm) {
    return not_negative(pages_of(mm, constant(MM_ANONPAGES)) +
                        pages_of(mm, constant(MM_SHMEMPAGES)) +
                        pages_of(mm, constant(MM_SWAPENTS)));
}

void begin_stall(ThrashWatch* watch) {
    watch->stall_ns = now();
    watch->looks = 0;
    watch->full = 0;
    watch->iowait = 0;
    watch->swapped_out = swapped_out();
    watch->swapped_in = swapped_in();
}
void look_at_stall(ThrashWatch* watch) {
    watch->looks += 1;
    watch->full += memory_stall_percent();
    watch->iowait += iowait_percent();
    look_at_sizes(&watch->sizes, [](kp<mm_struct> mm) { return own_pages(mm); });
}
void forget_half(ThrashWatch* watch) {
    watch->stall_ns += (now() - watch->stall_ns) / 2;
    watch->looks /= 2;
    watch->full /= 2;
    watch->iowait /= 2;
    watch->swapped_out += (swapped_out() - watch->swapped_out) / 2;
    watch->swapped_in += (swapped_in() - watch->swapped_in) / 2;
}

u64 a_second(ThrashWatch* watch, u32 count) {
    return u64{count} * 1000 / ((now() - watch->stall_ns) / NS_A_MS);
}

}  // namespace

DETECTOR(thrash, SUMMARY("a machine that swaps until nothing is left, and whose doing it is"),
         PERIOD_MS(20), FUEL(4000000))
(u32 left_percent, u32 left_ms, u32 out_least, u32 full_percent, u32 growth_percent,
 u32 window_ms) {
    const auto watch = remember<ThrashWatch>();
    const u64 swap_total = *symbol(u64, total_swap_pages);
    if (swap_total == 0 || has_panicked()) return;
    const u64 swap_free = not_negative(symbol(atomic64_t, nr_swap_pages)->counter);
    sample(watch, swap_free);
    const u64 fall = fall_of(watch, swap_free);
    // As with all that is found: over at twice what begins it.
    const u64 enough_ms = watch->since_ns == 0 ? left_ms : 2 * u64{left_ms};
    if (fall == 0 || swap_free * 100 >= swap_total * left_percent ||
        swap_free * 1000 / fall >= enough_ms) {
        watch->stall_ns = 0;
        watch->since_ns = 0;
        return;
    }
    if (watch->stall_ns == 0) begin_stall(watch);
    look_at_stall(watch);
    if (!has_held(watch->stall_ns, window_ms)) return;
    if (has_held(watch->stall_ns, 2 * u64{window_ms})) forget_half(watch);
    const u64 out = a_second(watch, swapped_out() - watch->swapped_out);
    const u64 full = watch->full / watch->looks;
    const u64 growth = watch->sizes.fastest[0].growth;
    // As above: half of it is enough to go on.
    const u64 weight = watch->since_ns == 0 ? 1 : 2;
    const bool is_dying = out * weight >= out_least && full * weight >= full_percent &&
                          growth * weight * 100 >= fall * growth_percent;
    watch->since_ns = since(watch->since_ns, is_dying);
    if (watch->since_ns == 0) return;
    const auto finding = report(DEFIB_FAULT_THRASH, 0, watch->since_ns);
    finding->evidence[0] = out;
    finding->evidence[1] = a_second(watch, swapped_in() - watch->swapped_in);
    finding->evidence[2] = full;
    finding->evidence[3] = watch->iowait / watch->looks;
    finding->evidence[4] = swap_total;
    finding->evidence[5] = swap_free;
    finding->evidence[6] = fall;
    finding->evidence[7] = swap_free * 1000 / fall;
    name_largest_and_fastest(finding, &watch->sizes);
}
