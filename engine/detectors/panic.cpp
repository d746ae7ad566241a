// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel that knows that it is broken. panic() notes in panic_cpu which CPU does it; an oops
// leaves TAINT_DIE in tainted_mask for ever (oops_end() calls add_taint()), whether or not the
// machine goes on. Both report the last lines of the log, as records of the log's view behind the
// finding: of a panic that is often all that anybody will ever know.
//
// An oops is told for a time after it was first seen; one that had happened before we first looked
// says so in its evidence. The lines come with the first report only.
#include "engine/detectors/report.h"
#include "engine/kernel/cpu.h"
#include "engine/kernel/log.h"

namespace {

constexpr u64 TAINT_DIE = 7;  // include/linux/panic.h; part of what /proc/sys/kernel/tainted shows
constexpr u64 LAST_LINES = 48;

struct PanicWatch {
    u64 looked_ns;
    u64 panic_ns;
    u64 oops_ns;
    u64 is_told;  // bit 0: the panic's lines, bit 1: the oops'
    u64 was_there;
};

void report_log() {
    const auto ring = log_ring();
    const u64 newest = newest_id(ring);
    for (u64 back = LAST_LINES; back > 0; --back)
        report_message(ring, (newest - (back - 1)) & LOG_ID_MASK);
}

}  // namespace

DETECTOR(panic, SUMMARY("a panic or an oops, with the last lines of the log"), PERIOD_MS(50),
         FUEL(100000))(u32 oops_ms) {
    const auto watch = remember<PanicWatch>();
    const bool is_first = watch->looked_ns == 0;
    watch->looked_ns = now();
    const bool has_oopsed = (*symbol(u64, tainted_mask) >> TAINT_DIE & 1) != 0;
    watch->panic_ns = since(watch->panic_ns, has_panicked());
    watch->oops_ns = since(watch->oops_ns, has_oopsed);
    if (is_first) watch->was_there = (has_panicked() ? 1 : 0) | (has_oopsed ? 2 : 0);
    if (watch->panic_ns != 0) {
        const auto finding = report(DEFIB_FAULT_PANIC, 0, watch->panic_ns);
        finding->evidence[0] = static_cast<u32>(symbol(atomic_t, panic_cpu)->counter);
        finding->evidence[1] = watch->was_there & 1;
        finding->evidence[2] = *symbol(u64, tainted_mask);
        if ((watch->is_told & 1) == 0) report_log();
        watch->is_told |= 1;
        return;
    }
    if (watch->oops_ns == 0 || has_held(watch->oops_ns, oops_ms)) return;
    const auto finding = report(DEFIB_FAULT_OOPS, 0, watch->oops_ns);
    finding->evidence[1] = watch->was_there >> 1;
    finding->evidence[2] = *symbol(u64, tainted_mask);
    if ((watch->is_told & 2) == 0) report_log();
    watch->is_told |= 2;
}
