// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_BEATS_H
#define DEFIB_TESTS_LAB_BEATS_H

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "tests/lab/protocol.h"

namespace defib::lab {

using Clock = std::chrono::steady_clock;

enum class Lane : uint8_t {
    ORDINARY,  // an ordinary process got to run
    REALTIME,  // a process of the highest priority got to run
};

struct Beat {
    std::chrono::nanoseconds guest;  // the guest's CLOCK_MONOTONIC
    Clock::time_point host;          // when the lab saw it, at most some ms later
};

// The lab's end of the page that the agent beats into (see protocol.h).
class BeatMonitor {
  public:
    static Result<std::unique_ptr<BeatMonitor>> create();

    BeatMonitor(const BeatMonitor&) = delete;
    BeatMonitor& operator=(const BeatMonitor&) = delete;
    ~BeatMonitor();

    int fd() const { return memory_.get(); }
    // Notes the beats that are new. True if there were any.
    bool sample(Clock::time_point now);
    const std::vector<Beat>& beats(Lane lane) const { return beats_[static_cast<size_t>(lane)]; }

  private:
    BeatMonitor() = default;

    UniqueFd memory_;
    const BeatPage* page_ = nullptr;
    uint64_t seen_[BEAT_LANES] = {};
    std::vector<Beat> beats_[BEAT_LANES];
};

// The longest time without a beat between `from` and `to`, on the host's clock.
Clock::duration longest_gap(const std::vector<Beat>& beats, Clock::time_point from,
                            Clock::time_point to);

}  // namespace defib::lab

#endif
