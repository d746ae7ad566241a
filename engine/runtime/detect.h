// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One run of a detector.
#ifndef DEFIB_ENGINE_RUNTIME_DETECT_H
#define DEFIB_ENGINE_RUNTIME_DETECT_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// Runs detector `number` of the engine's table once, with its thresholds. The context says whether
// it lived; its records are in the first replica's buffer until the next execution. nullptr: it is
// off, or there is none.
//
// A detector only reads, and what it finds decides nothing alone: the routine that repairs looks
// again, replicated. So one execution is enough.
const DefibContext* detect(DefibEngine& engine, uint32_t number, const uint64_t* arguments,
                           uint64_t now_ns);

// The same in a context of the caller's, with its records into `records`, which is empty. False: it
// is off, or there is none.
bool detect_in(DefibEngine& engine, DefibContext& context, const DefibRecords& records,
               uint32_t number, const uint64_t* arguments, uint64_t now_ns);

}  // namespace defib::runtime

#endif
