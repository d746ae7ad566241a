// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/demo/heart.h"

#include <algorithm>
#include <array>

namespace defib::demo {
namespace {

constexpr std::array<const char*, 8> HEIGHTS = {"_", "▁", "▂", "▃", "▄", "▅", "▆", "▇"};
// The agent beats every 20 ms, so a cell has this many in good health.
constexpr std::chrono::milliseconds BEAT{20};

}  // namespace

std::string heart_line(const std::vector<lab::Beat>& beats, lab::Clock::time_point now,
                       lab::Clock::duration per_cell, size_t width) {
    std::vector<size_t> counts(width);
    for (auto beat = beats.rbegin(); beat != beats.rend(); ++beat) {
        const auto age = now - beat->host;
        if (age < lab::Clock::duration::zero()) continue;
        const auto cell = static_cast<size_t>(age / per_cell);
        if (cell >= width) break;
        ++counts[width - 1 - cell];
    }
    const auto healthy = std::max<size_t>(1, static_cast<size_t>(per_cell / BEAT));
    std::string line;
    for (const size_t count : counts) {
        const size_t top = HEIGHTS.size() - 1;
        const size_t height = (std::min(count, healthy) * top + healthy - 1) / healthy;
        line += HEIGHTS.at(height);
    }
    return line;
}

}  // namespace defib::demo
