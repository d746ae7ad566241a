// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A grace period of RCU that does not end. While it lasts nothing that waits for RCU goes on, and
// memory that was freed stays taken: a machine that looks well fills up.
//
// rcu_state.gp_seq counts grace periods, with the state of the running one in its low two bits
// (RCU_SEQ_STATE_MASK in kernel/rcu/rcu.h). The window is on the engine's clock: gp_start is in
// jiffies, which may stand. Culprits are the tasks on the CPUs that it waits for.
#include "engine/detectors/report.h"
#include "engine/kernel/cpu.h"

namespace {

constexpr u64 STATE_MASK = 3;  // RCU_SEQ_STATE_MASK
constexpr u32 MOST_NAMED = 8;

struct RcuWatch {
    u64 sequence;
    u64 since_ns;
};

}  // namespace

DETECTOR(rcu_stall, SUMMARY("an RCU grace period that does not end"), PERIOD_MS(200),
         FUEL(200000))(u32 window_ms) {
    const auto watch = remember<RcuWatch>();
    if (has_panicked()) return;
    const auto state = symbol(struct rcu_state, rcu_state);
    const u64 sequence = state->gp_seq;
    const bool is_running = (sequence & STATE_MASK) != 0;
    if (sequence != watch->sequence) watch->since_ns = 0;
    watch->sequence = sequence;
    watch->since_ns = since(watch->since_ns, is_running);
    if (!has_held(watch->since_ns, window_ms)) return;

    const auto finding = report(DEFIB_FAULT_RCU_STALL, 0, watch->since_ns);
    finding->evidence[0] = sequence;
    finding->evidence[1] = (now() - watch->since_ns) / NS_A_MS;
    for (const u32 cpu : online_cpus()) {
        const auto task = queue_of(cpu)->curr;
        if (is_idle_task(task) || !is_awaited(cpu)) continue;
        finding->evidence[2] += 1;
        if (finding->culprits >= MOST_NAMED) continue;
        name_culprit(finding, task)->object = cpu;
    }
}
