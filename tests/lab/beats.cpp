// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/beats.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace defib::lab {

Result<std::unique_ptr<BeatMonitor>> BeatMonitor::create() {
    auto monitor = std::unique_ptr<BeatMonitor>(new BeatMonitor);
    monitor->memory_.reset(::memfd_create("defib-beats", MFD_CLOEXEC));
    if (!monitor->memory_.is_open() || ::ftruncate(monitor->fd(), BEAT_BAR_BYTES) != 0) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "heartbeats",
                    std::generic_category().message(errno));
    }
    void* at = ::mmap(nullptr, BEAT_BAR_BYTES, PROT_READ, MAP_SHARED, monitor->fd(), 0);
    if (at == MAP_FAILED) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "heartbeats",
                    std::generic_category().message(errno));
    }
    monitor->page_ = static_cast<const BeatPage*>(at);
    return monitor;
}

BeatMonitor::~BeatMonitor() {
    if (page_) ::munmap(const_cast<BeatPage*>(page_), BEAT_BAR_BYTES);
}

bool BeatMonitor::sample(Clock::time_point now) {
    if (page_->magic.load(std::memory_order_acquire) != BEATS_MAGIC) return false;
    bool any = false;
    for (size_t lane = 0; lane < BEAT_LANES; ++lane) {
        const BeatLane& source = page_->lanes[lane];
        const uint64_t count = source.count.load(std::memory_order_acquire);
        // A lab that was stopped for longer than the ring holds has missed the oldest.
        if (count - seen_[lane] > BEAT_RING / 2) seen_[lane] = count - BEAT_RING / 2;
        for (; seen_[lane] < count; ++seen_[lane]) {
            const uint64_t guest_ns = source.ring[seen_[lane] % BEAT_RING];
            beats_[lane].push_back({std::chrono::nanoseconds(guest_ns), now});
            any = true;
        }
    }
    return any;
}

Clock::duration longest_gap(const std::vector<Beat>& beats, Clock::time_point from,
                            Clock::time_point to) {
    Clock::duration longest{};
    Clock::time_point last = from;
    auto at = std::ranges::lower_bound(beats, from, {}, &Beat::host);
    for (; at != beats.end() && at->host <= to; ++at) {
        longest = std::max(longest, at->host - last);
        last = at->host;
    }
    return std::max(longest, to - last);
}

}  // namespace defib::lab
