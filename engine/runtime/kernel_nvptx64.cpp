// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The GPU program's entry: the persistent loop, which ends when it is told to stop.
//
// Block 0 turns the loop with the one thread that the twin has; the other blocks are its workers.
// All of them have to be on the GPU at once (boot starts no more blocks than multiprocessors), or
// the loop would wait for ever for those that are not.
#include "engine/runtime/lanes_nvptx64.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/team_nvptx64.h"

namespace defib::runtime {
namespace {

void turn_until_stopped(DefibEngine& engine) {
    // The looks that the loop takes by itself have the lanes of its warp to help.
    engine.replicas[0].crew = reinterpret_cast<uint64_t>(&engine.team->order);
    start(engine, ticks());
#pragma clang loop unroll(disable)
    for (;;) {
        const uint64_t now = ticks();
        if (turn(engine, now) == Turn::stop) return;
        if (now >= engine.awake_until) rest(engine.idle_ns);
    }
}

}  // namespace
}  // namespace defib::runtime

using namespace defib::runtime;

extern "C" __attribute__((nvptx_kernel)) void defib_engine(DefibEngine* engine) {
    DefibTeam& team = *engine->team;
    if (lane_of_warp() >= LANES_AT_WORK) return;
    if (__nvvm_read_ptx_sreg_ctaid_x() != 0) return work(*engine);
    if (__nvvm_read_ptx_sreg_tid_x() >= static_cast<int>(DEFIB_LANES)) return;
    if (lane_of_warp() != 0) return serve(team.order);
    turn_until_stopped(*engine);
    team.job.kind = DEFIB_JOB_QUIT;
    team.finished = 0;
    store_release(&team.sequence, team.sequence + 1);
    dismiss(team.order);
}
