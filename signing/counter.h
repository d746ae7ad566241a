// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Counters that only go up: what makes an old image, or an old key set, refusable although its
// signature is right.
#ifndef DEFIB_SIGNING_COUNTER_H
#define DEFIB_SIGNING_COUNTER_H

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace defib::signing {

enum class Counter : uint8_t {
    image,    // the highest security counter that was confirmed healthy here
    key_set,  // the highest key set version that was trusted here
};
inline constexpr size_t COUNTERS = 2;

class CounterStore {
  public:
    CounterStore() = default;
    CounterStore(const CounterStore&) = delete;
    CounterStore& operator=(const CounterStore&) = delete;
    virtual ~CounterStore() = default;

    virtual Result<uint64_t> read(Counter counter) = 0;

    // A value that the counter has reached already changes nothing. May be interrupted anywhere:
    // the counter then holds the old value, the new one, or one in between.
    virtual Result<void> advance(Counter counter, uint64_t to) = 0;

    // Whether advance() could. Asked before anything is started, or written down, that has to be
    // counted afterwards.
    virtual Result<void> check_reach(Counter /*counter*/, uint64_t /*to*/) { return {}; }

    // "the TPM, index 0x018def11", for messages.
    virtual std::string where(Counter counter) const = 0;
};

}  // namespace defib::signing

#endif
