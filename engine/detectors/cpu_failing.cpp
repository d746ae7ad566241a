// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A core that keeps correcting errors of its own: a cache or a TLB of its that wears out. Each was
// put right, so nothing is lost yet, and the next one may be one that cannot be.
//
// What is counted are records of the kernel's pool of machine checks (machine_checks.h) that came
// since the first look, that hardware has corrected, and whose code says that they are the core's
// own. Two that come between two looks into the same place count as one, and so do two that are
// alike and of the same second: there are at least so many. A core's threads share what fails, so
// each that is in use is reported. One that is out of use (engine/routines/quarantine.cpp, or taken
// down) is not, and begins anew with 0 once it is used again: whoever gives it back means it.
#include "engine/kernel/machine_checks.h"

#include "engine/detectors/cpu_watch.h"

namespace {

constexpr u32 MOST_CORES = 200;
constexpr u32 MOST_PLACES = 64;
// Looked at in any case; those behind only as far as something has changed.
constexpr u32 FIRST_PLACES = 4;
constexpr u8 MOST_ERRORS = 0xff;

struct CoreErrors {
    u32 first_ms;  // 0: none
    u32 last_ms;
    u32 since_ms;  // when there were enough; 0: not yet
    u16 code;
    u8 bank;
    u8 errors;
};
struct FailingWatch {
    u64 seen[MOST_PLACES];  // the record's digest
    u64 is_watching;
    CoreErrors cores[MOST_CORES];
};

void count_error(FailingWatch* watch, const CheckRecord& record) {
    if (!is_corrected(record) || !is_of_the_core(record.status)) return;
    if (record.cpu >= *symbol(u32, nr_cpu_ids)) return;
    const u32 core = core_of(record.cpu);
    if (core >= MOST_CORES) return;
    CoreErrors* own = &watch->cores[core];
    if (own->first_ms == 0) own->first_ms = now_ms();
    own->last_ms = now_ms();
    if (own->errors < MOST_ERRORS) own->errors += 1;
    own->code = static_cast<u16>(error_code_of(record.status));
    own->bank = static_cast<u8>(record.bank);
}

void take_errors(FailingWatch* watch) {
    const CheckPool pool = check_pool();
    for (u32 place = 0; place < MOST_PLACES && place < pool.count; ++place) {
        const CheckRecord record = check_record(pool, place);
        if (record.digest == watch->seen[place] && watch->is_watching != 0) {
            if (place >= FIRST_PLACES) break;
            continue;
        }
        // One that is just being written is taken at a later look.
        if (is_taken(pool, place) || check_record(pool, place).digest != record.digest) continue;
        watch->seen[place] = record.digest;
        if (watch->is_watching != 0) count_error(watch, record);
    }
    watch->is_watching = 1;
}

bool is_in_use(u32 cpu) {
    return (symbol(cpumask, __cpu_active_mask)->bits[cpu / 64] >> (cpu & 63) & 1) != 0;
}
bool is_any_in_use(u32 core) {
    for (const u32 cpu : online_cpus())
        if (is_in_use(cpu) && core_of(cpu) == core) return true;
    return false;
}

// What is long ago is forgotten: of who has had enough its last error, of others the first.
void forget_old(CoreErrors* own, u32 core, u32 window_ms) {
    const u32 from_ms = own->since_ms != 0 ? own->last_ms : own->first_ms;
    if (now_ms() - from_ms <= window_ms && is_any_in_use(core)) return;
    own->first_ms = 0;
    own->since_ms = 0;
    own->errors = 0;
}

void report_core(FailingWatch* watch, u32 core, u64 failing) {
    const CoreErrors* own = &watch->cores[core];
    for (const u32 cpu : online_cpus()) {
        if (!is_in_use(cpu) || core_of(cpu) != core) continue;
        const auto finding = report(DEFIB_FAULT_CPU_FAILING, cpu, ns_of(own->since_ms));
        finding->evidence[0] = cpu;
        finding->evidence[1] = own->errors;
        finding->evidence[2] = now_ms() - own->first_ms;
        finding->evidence[3] = failing;
        finding->evidence[4] = own->bank;
        finding->evidence[5] = own->code;
    }
}

}  // namespace

DETECTOR(cpu_failing, SUMMARY("a CPU that keeps correcting errors of its own"), PERIOD_MS(200),
         FUEL(400000))(u32 least_errors, u32 window_ms) {
    const auto watch = remember<FailingWatch>();
    if (has_panicked() || !has_check_pool()) return;
    take_errors(watch);
    u64 failing = 0;
    for (u32 core = 0; core < MOST_CORES; ++core) {
        CoreErrors* own = &watch->cores[core];
        if (own->first_ms == 0) continue;
        forget_old(own, core, window_ms);
        if (own->since_ms == 0 && own->errors != 0 && own->errors >= least_errors)
            own->since_ms = now_ms();
        if (own->since_ms != 0) ++failing;
    }
    for (u32 core = 0; core < MOST_CORES; ++core)
        if (watch->cores[core].since_ms != 0) report_core(watch, core, failing);
}
