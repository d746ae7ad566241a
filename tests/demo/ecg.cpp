// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/demo/ecg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace defib::demo {
namespace {

constexpr double CELL_S = 0.25;
constexpr double BEAT_S = 0.02;
constexpr double SHARE_OF_HEALTH = 0.6;  // a busy machine's beats come late; that is no illness

struct Point {
    double x;  // of the cell's width
    double y;  // of the tallest spike, upwards
};
// A heart's complex as it is drawn in textbooks.
constexpr Point COMPLEX[] = {{0.00, 0.00},  {0.12, 0.00}, {0.20, 0.10},  {0.28, 0.00}, {0.40, 0.00},
                             {0.44, -0.12}, {0.50, 1.00}, {0.56, -0.28}, {0.60, 0.00}, {0.72, 0.00},
                             {0.82, 0.20},  {0.92, 0.00}, {1.00, 0.00}};

size_t cells_of(const Strip& strip) {
    return static_cast<size_t>(std::ceil(strip.seconds / CELL_S - 1e-9));
}

}  // namespace

double Heart::longest_gap_s() const {
    double last = std::max(0.0, from_s);
    double longest = 0;
    for (const double beat : beats_s) {
        if (beat < last) continue;
        longest = std::max(longest, beat - last);
        last = beat;
    }
    return std::max(longest, to_s - last);
}

bool Heart::is_flat_for(double seconds) const {
    return beats_s.empty() || to_s - beats_s.back() >= seconds;
}

std::vector<double> strength_of(const Heart& heart, const Strip& strip) {
    std::vector<double> cells(cells_of(strip));
    for (const double beat : heart.beats_s) {
        const double cell = (beat - strip.from_s) / CELL_S;
        if (cell < 0 || cell >= static_cast<double>(cells.size())) continue;
        cells[static_cast<size_t>(cell)] += 1;
    }
    const double healthy = CELL_S / BEAT_S * SHARE_OF_HEALTH;
    for (double& cell : cells) cell = std::min(1.0, cell / healthy);
    return cells;
}

Trace trace_of(const Heart& heart, const Strip& strip) {
    Trace trace;
    const double middle = strip.height * 0.72;
    const double tall = strip.height * 0.58;
    const auto cells = strength_of(heart, strip);
    const double width = strip.width * CELL_S / strip.seconds;
    for (size_t i = 0; i < cells.size(); i++) {
        const double start_s = strip.from_s + static_cast<double>(i) * CELL_S;
        if (start_s + CELL_S <= heart.from_s || start_s >= heart.to_s) continue;
        const double left = static_cast<double>(i) * width;
        if (cells[i] == 0) {
            trace.flat += fmt::format("M{:.1f} {:.1f}h{:.1f}", left, middle, width);
            continue;
        }
        // A faint heart is seen all the same.
        const double strength = 0.25 + 0.75 * cells[i];
        for (size_t k = 0; k < std::size(COMPLEX); k++) {
            trace.alive +=
                fmt::format("{}{:.1f} {:.1f}", k == 0 ? "M" : "L", left + COMPLEX[k].x * width,
                            middle - COMPLEX[k].y * strength * tall);
        }
    }
    return trace;
}

}  // namespace defib::demo
