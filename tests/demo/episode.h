// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What happened to one machine: a fault, what was found and done, and its heart all the while.
// Times are seconds from the fault.
#ifndef DEFIB_TESTS_DEMO_EPISODE_H
#define DEFIB_TESTS_DEMO_EPISODE_H

#include <string>
#include <vector>

namespace defib::demo {

struct Moment {
    double at_s = 0;
    std::string what;
};

struct Heart {
    double from_s = 0;
    double to_s = 0;
    std::vector<double> beats_s;

    // The longest stretch without a beat after the fault, up to the end.
    double longest_gap_s() const;
    // Whether it stood still at the end, for so long.
    bool is_flat_for(double seconds) const;
};

struct Episode {
    std::string fault;
    std::string title;
    std::string what;
    Heart aided;
    Heart unaided;             // empty: not shown
    std::string unaided_says;  // what became of it
    // Negative: it did not come to that.
    double found_s = -1;
    double written_s = -1;
    double effect_s = -1;
    double over_s = -1;
    std::string finding;
    std::string repair;               // "unlock", "signal to 812 v-hog"
    std::vector<Moment> log;          // everything, in order
    std::vector<std::string> stores;  // what was written, field by field
};

struct Story {
    std::string kernel;
    std::string machine;
    double boot_s = 0;
    double took_s = 0;
    bool is_on_gpu = false;
    std::vector<Episode> episodes;
};

}  // namespace defib::demo

#endif
