// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_DEMO_HEART_H
#define DEFIB_TESTS_DEMO_HEART_H

#include <string>
#include <vector>

#include "tests/lab/beats.h"

namespace defib::demo {

// A guest's heartbeat as one line of `width` cells that end at `now`: the more beats fell into a
// cell, the taller it is; without any it is flat.
std::string heart_line(const std::vector<lab::Beat>& beats, lab::Clock::time_point now,
                       lab::Clock::duration per_cell, size_t width);

}  // namespace defib::demo

#endif
