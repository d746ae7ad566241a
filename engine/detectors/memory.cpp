// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Memory: nearly gone, falling fast, or so short that tasks stand still; and who took it.
//
// Every run looks at a dozen counters. Processes are only looked at once less than a fifth is left,
// so that their growth is known when it matters, and not more often than every 200 ms.
//
// What is available is what si_mem_available() says: free pages, half of the page cache and of the
// slabs that can be reclaimed, less the reserves. What the kernel itself has is all that is neither
// free nor on a list of user pages: slabs, page tables, stacks, and pages that a driver took, which
// no counter names. Where that is the greater part the finding is KERNEL_MEMORY, *instead of*
// the others and without a culprit: killing the largest process, as the kernel's OOM killer does,
// would kill somebody for memory that it does not have.
//
// That memory is low or falls is not said before it is known who grows (two looks at the
// processes): who has most may have had it for days. The largest are named, and behind them
// whoever grows fastest of all and is not among them. A fall is over when twice the time is left
// that makes it a finding.
#include "engine/kernel/memory.h"

#include "engine/detectors/growth.h"

namespace {

constexpr u64 SAMPLES = 16;  // of what is left, a sixteenth of a second apart
constexpr u64 SAMPLE_NS = 62500000;
constexpr u64 NS_A_SECOND = 1000000000;
constexpr u64 SCARCE_PERCENT = 20;
constexpr u64 PSI_ONE = 2048;  // FIXED_1: averages have 11 bits of fraction
constexpr u64 PSI_AVERAGES = 3;

struct MemoryWatch {
    u64 low_since;
    u64 falling_since;
    u64 pressure_since;
    u64 kernel_since;
    u64 sampled_ns;
    u64 samples;
    u64 left[SAMPLES];
    SizeWatch sizes;
};

struct Supply {
    u64 total;
    u64 available;
    u64 swap_total;
    u64 swap_free;
    u64 slab;
    u64 kernel;
};

u64 less(u64 from, u64 by) {
    return from > by ? from - by : 0;
}
u64 half_at_most(u64 pages, u64 most) {
    return less(pages, pages / 2 < most ? pages / 2 : most);
}

Supply supply() {
    const u64 total = not_negative(symbol(atomic64_t, _totalram_pages)->counter);
    const u64 free = zone_pages(enum_value(zone_stat_item, NR_FREE_PAGES));
    const u64 reserve = *symbol(u64, totalreserve_pages);
    const u64 file = node_pages(enum_value(node_stat_item, NR_ACTIVE_FILE)) +
                     node_pages(enum_value(node_stat_item, NR_INACTIVE_FILE));
    const u64 anonymous = node_pages(enum_value(node_stat_item, NR_ACTIVE_ANON)) +
                          node_pages(enum_value(node_stat_item, NR_INACTIVE_ANON));
    const u64 fixed = node_pages(enum_value(node_stat_item, NR_UNEVICTABLE));
    const u64 reclaimable = node_pages(enum_value(node_stat_item, NR_SLAB_RECLAIMABLE_B));
    const u64 slab = node_pages(enum_value(node_stat_item, NR_SLAB_UNRECLAIMABLE_B));
    const u64 user = file + anonymous + fixed;
    return {total,
            less(free, reserve) + half_at_most(file, reserve) + half_at_most(reclaimable, reserve),
            *symbol(u64, total_swap_pages),
            not_negative(symbol(atomic64_t, nr_swap_pages)->counter),
            slab,
            less(total, free + user + reclaimable)};
}

u64 percent(u64 part, u64 whole) {
    return part * 100 / whole;
}

// Pages a second that were lost since the oldest sample; 0 where it did not fall.
u64 fall_of(MemoryWatch* watch, u64 left) {
    if (now() - watch->sampled_ns >= SAMPLE_NS) {
        watch->left[watch->samples % SAMPLES] = left;
        watch->samples += 1;
        watch->sampled_ns = now();
    }
    if (watch->samples < SAMPLES / 2) return 0;
    const u64 span = (watch->samples < SAMPLES ? watch->samples : SAMPLES) - 1;
    const u64 oldest = watch->left[(watch->samples - 1 - span) % SAMPLES];
    return less(oldest, left) * NS_A_SECOND / (span * SAMPLE_NS);
}

// oom_badness() counts alike: what is resident and what is in swap.
void look_at_processes(MemoryWatch* watch) {
    look_at_sizes(&watch->sizes, [](kp<mm_struct> mm) {
        return resident_pages(mm) + not_negative(pages_of(mm, constant(MM_SWAPENTS)));
    });
}

// All ones: it does not fall.
u64 time_left_ms(const Supply& supply, u64 fall) {
    return fall == 0 ? ~0ull : (supply.available + supply.swap_free) * 1000 / fall;
}

void report_memory(MemoryWatch* watch, DefibFault fault, u64 since_ns, const Supply& supply,
                   u64 fall, u64 pressure) {
    const auto finding = report(fault, 0, since_ns);
    finding->evidence[0] = supply.total;
    finding->evidence[1] = supply.available;
    finding->evidence[2] = supply.swap_total;
    finding->evidence[3] = supply.swap_free;
    finding->evidence[4] = fall;
    finding->evidence[5] = time_left_ms(supply, fall);
    finding->evidence[6] = pressure;
    finding->evidence[7] = fault == DEFIB_FAULT_KERNEL_MEMORY ? supply.slab : supply.kernel;
    if (fault == DEFIB_FAULT_KERNEL_MEMORY) return;
    name_largest_and_fastest(finding, &watch->sizes);
}

u64 pressure_percent() {
    if (!symbol_exists(psi_system)) return 0;
    const u64 full = static_cast<u64>(enum_value(psi_states, PSI_MEM_FULL));
    return symbol(psi_group, psi_system)->avg[full * PSI_AVERAGES] / PSI_ONE;
}

}  // namespace

DETECTOR(memory, SUMMARY("memory that is low, falls fast or stalls tasks, and who took it"),
         PERIOD_MS(5), FUEL(4000000))
(u32 low_percent, u32 swap_low_percent, u32 left_ms, u32 pressure_least, u32 kernel_percent,
 u32 hold_ms) {
    const auto watch = remember<MemoryWatch>();
    const Supply is = supply();
    const u64 left = is.available + is.swap_free;
    const u64 all = is.total + is.swap_total;
    const u64 fall = fall_of(watch, left);
    const u64 pressure = pressure_percent();
    const bool is_scarce = percent(left, all) < SCARCE_PERCENT;
    const bool is_low =
        percent(is.available, is.total) < low_percent &&
        (is.swap_total == 0 || percent(is.swap_free, is.swap_total) < swap_low_percent);
    const u64 enough_ms = watch->falling_since == 0 ? left_ms : 2 * u64{left_ms};
    const bool is_falling = is_scarce && time_left_ms(is, fall) < enough_ms;
    const bool is_kernels = is_scarce && percent(is.kernel, is.total) >= kernel_percent;
    watch->low_since = since(watch->low_since, is_low);
    watch->falling_since = since(watch->falling_since, is_falling);
    watch->pressure_since = since(watch->pressure_since, pressure >= pressure_least);
    watch->kernel_since = since(watch->kernel_since, is_kernels);
    if (is_kernels) {
        if (has_held(watch->kernel_since, hold_ms))
            report_memory(watch, DEFIB_FAULT_KERNEL_MEMORY, watch->kernel_since, is, fall,
                          pressure);
        return;
    }
    if (is_scarce || is_low || watch->pressure_since != 0) look_at_processes(watch);
    const bool is_known_who_grows = knows_who_grows(&watch->sizes);
    if (is_known_who_grows && has_held(watch->low_since, hold_ms))
        report_memory(watch, DEFIB_FAULT_MEMORY_LOW, watch->low_since, is, fall, pressure);
    if (is_known_who_grows && has_held(watch->falling_since, hold_ms))
        report_memory(watch, DEFIB_FAULT_MEMORY_FALLING, watch->falling_since, is, fall, pressure);
    if (has_held(watch->pressure_since, hold_ms))
        report_memory(watch, DEFIB_FAULT_MEMORY_PRESSURE, watch->pressure_since, is, fall,
                      pressure);
}
