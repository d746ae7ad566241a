// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What follows from two looks: shares of a CPU, how long a task has not run, whether the kernel's
// clock goes on. Times are this machine's, so that a target that stands still is seen to.
#ifndef DEFIB_BOOT_CONSOLE_RATES_H
#define DEFIB_BOOT_CONSOLE_RATES_H

#include <map>
#include <utility>

#include "boot/console/picture.h"

namespace defib::boot::console {

class Rates {
  public:
    // The picture's records are of `now_ns`; their shares are filled in.
    void take(Picture& picture, uint64_t now_ns);

    // Its `seconds`: how long a blocked task has not been switched to, as far as was seen.
    void take_wait(WaitRow& wait, uint64_t task, uint64_t switches, uint64_t now_ns);
    // Those that take_wait() was not told of for a while are forgotten.
    void forget_waits(uint64_t before_ns);

  private:
    using Life = std::pair<int32_t, uint64_t>;  // pid and start: a number is used again

    struct Sample {
        uint64_t at_ns = 0;
        std::map<uint32_t, std::pair<uint64_t, uint64_t>> cpus;  // user and system
        std::map<Life, uint64_t> tasks;
    };
    static Sample sample_of(const Picture& picture, uint64_t now_ns);
    void take_clock(Picture& picture, uint64_t now_ns);

    // Shares are of the time since `before_`: half a second to one.
    Sample before_;
    Sample latest_;
    uint64_t uptime_ns_ = 0;
    uint64_t moved_ns_ = 0;  // when the clock last did

    struct Blocked {
        uint64_t switches = 0;
        uint64_t since_ns = 0;
        uint64_t seen_ns = 0;
    };
    std::map<uint64_t, Blocked> blocked_;  // by task
};

}  // namespace defib::boot::console

#endif
