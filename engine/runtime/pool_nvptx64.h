// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The pool: lines that many workers want at the same time, read once for all.
//
// What every process points to (its parent, its credentials, its cgroups) is often the same object,
// and thousands of warps that read one line of host memory are served one after the other: 1.3 us
// each, however many there are. Measured on an H200: a list of 10,000 processes took 14.8 ms, all
// of it waiting in that queue. So the first warp that wants a line claims a place for it in the
// GPU's memory, reads it, and says when it is there; whoever else wants it waits for that.
//
// A line belongs to one job: the round in its tag is the job's. Nobody waits while holding a claim,
// so that no two can wait for each other.
#ifndef DEFIB_ENGINE_RUNTIME_POOL_NVPTX64_H
#define DEFIB_ENGINE_RUNTIME_POOL_NVPTX64_H

#include "engine/abi/context.h"

namespace defib::runtime {

// The loop, while no worker works: what is in the pool is forgotten.
void begin_round(DefibPool& pool);

}  // namespace defib::runtime

#endif
