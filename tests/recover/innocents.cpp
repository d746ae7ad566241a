// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/recover/innocents.h"

namespace defib::recover {

Result<std::vector<pid_t>> start_innocents(lab::Guest& guest) {
    std::vector<pid_t> pids;
    for (const char* script : {"exec sleep 100000",
                               "x=$(head -c 4000000 /dev/zero | tr '\\0' x); "
                               "while :; do sleep 1; done",
                               "while :; do sleep 0.1; done"}) {
        const auto pid = guest.start({"sh", "-c", script});
        if (!pid) return std::unexpected(pid.error());
        pids.push_back(*pid);
    }
    return pids;
}

unsigned count_lost(lab::Guest& guest, const std::vector<pid_t>& innocents) {
    unsigned lost = 0;
    for (const pid_t pid : innocents) {
        const auto state = guest.state_of(pid);
        if (!state || state->status.has_value()) lost++;
    }
    return lost;
}

bool serves(lab::Guest& guest, lab::Milliseconds within) {
    if (!guest.alive(within)) return false;
    const auto echo = guest.run({"sh", "-c", "echo alive > /tmp/after && cat /tmp/after"}, within);
    return echo && echo->status == 0 && echo->out == "alive\n";
}

}  // namespace defib::recover
