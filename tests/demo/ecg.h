// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest's heartbeat as an electrocardiogram, in SVG. The agent beats fifty times a second, which
// no eye can tell apart; so the strip shows one complex (P, QRS, T) for each quarter of a second,
// as tall as the share of the beats that came in it. Where none came the line is flat.
#ifndef DEFIB_TESTS_DEMO_ECG_H
#define DEFIB_TESTS_DEMO_ECG_H

#include <string>
#include <vector>

#include "tests/demo/episode.h"

namespace defib::demo {

struct Strip {
    double width = 1120;
    double height = 150;
    double seconds = 1;  // what the width stands for
    double from_s = 0;   // where it begins

    double x_of(double at_s) const { return (at_s - from_s) / seconds * width; }
};

// How much of its beats came in each quarter of a second, 0 to 1.
std::vector<double> strength_of(const Heart& heart, const Strip& strip);

// The `d` of a path: alive where any beat came, else flat.
struct Trace {
    std::string alive;
    std::string flat;
};
Trace trace_of(const Heart& heart, const Strip& strip);

}  // namespace defib::demo

#endif
