// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_SALVAGE_BYTE_RANGES_H
#define DEFIB_BOOT_SALVAGE_BYTE_RANGES_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace defib::boot {

struct ByteRange {
    uint64_t first = 0;
    uint64_t end = 0;  // the first that is not in it

    bool operator==(const ByteRange&) const = default;
};

// Parts of a file, in order; those that touch are one.
class ByteRanges {
  public:
    // Each begins where the one before ended, or behind it.
    void add(uint64_t first, uint64_t end) {
        if (first >= end) return;
        if (!all_.empty() && all_.back().end >= first) {
            all_.back().end = std::max(all_.back().end, end);
        } else {
            all_.push_back({first, end});
        }
    }

    // What of [0, size) is in none of them.
    ByteRanges gaps(uint64_t size) const {
        ByteRanges gaps;
        uint64_t at = 0;
        for (const ByteRange& one : all_) {
            gaps.add(at, std::min(one.first, size));
            at = one.end;
        }
        gaps.add(at, size);
        return gaps;
    }

    uint64_t bytes() const {
        uint64_t sum = 0;
        for (const ByteRange& one : all_) sum += one.end - one.first;
        return sum;
    }
    bool empty() const { return all_.empty(); }
    const std::vector<ByteRange>& all() const { return all_; }

  private:
    std::vector<ByteRange> all_;
};

}  // namespace defib::boot

#endif
