// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Between the loop, which is block 0 of the GPU program, and its workers, which are all others.
#ifndef DEFIB_ENGINE_RUNTIME_TEAM_NVPTX64_H
#define DEFIB_ENGINE_RUNTIME_TEAM_NVPTX64_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// The loop: has the workers do the team's job, and returns when all of them have reported.
void have_done(DefibTeam& team);

// Who takes task `which` of a few: as many multiprocessors as there are, before a second warp of
// one.
inline uint32_t worker_of(const DefibTeam& team, uint32_t which) {
    const uint32_t warps = team.workers / team.blocks;
    return which % team.blocks * warps + which / team.blocks;
}

// A whole block of workers, every thread of it: does jobs until one says quit.
void work(DefibEngine& engine);

}  // namespace defib::runtime

#endif
