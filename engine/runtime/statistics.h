// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// How long what takes, for people: nothing is decided by it.
#ifndef DEFIB_ENGINE_RUNTIME_STATISTICS_H
#define DEFIB_ENGINE_RUNTIME_STATISTICS_H

#include "engine/abi/engine.h"

namespace defib::runtime {

// The bucket that so many ticks fall into: the position of the highest bit, and the two below it.
inline uint32_t bucket_of(uint64_t ticks) {
    if (ticks < 4) return static_cast<uint32_t>(ticks);
    const auto top = 63 - static_cast<uint32_t>(__builtin_clzll(ticks));
    const uint32_t bucket = (top - 1) * 4 + static_cast<uint32_t>(ticks >> (top - 2) & 3);
    return bucket < DEFIB_TIME_BUCKETS ? bucket : DEFIB_TIME_BUCKETS - 1;
}

// The least number of ticks in a bucket.
inline uint64_t least_of_bucket(uint32_t bucket) {
    if (bucket < 4) return bucket;
    return uint64_t{4 + bucket % 4} << (bucket / 4 - 1);
}

inline void count_time(DefibTimes& times, uint64_t ticks) {
    times.count++;
    times.total += ticks;
    if (ticks > times.most) times.most = ticks;
    times.buckets[bucket_of(ticks)]++;
}

// The records of DEFIB_COMMAND_STATISTICS.
void tell_statistics(DefibEngine& engine, DefibRecords& records);

}  // namespace defib::runtime

#endif
