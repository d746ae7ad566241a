// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The corruption trial: the memory of a guest is spoilt at random, and every view, every detector
// and every routine, as a dry run, has to come to an end: by itself, by its fuel, or by an error.
// What keeps it from harm is asked too: nothing is stored (the memory is mapped read only, so that
// a store would end the program), and no plan has a store that its routine did not declare.
#ifndef DEFIB_TESTS_CORRUPT_TRIAL_H
#define DEFIB_TESTS_CORRUPT_TRIAL_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/corrupt/frozen.h"

namespace defib::corrupt {

struct Outcome {
    uint64_t trials = 0;
    uint64_t spoilt = 0;   // words
    uint64_t noticed = 0;  // trials in which some walk came to something else than before
    uint64_t walks = 0;
    uint64_t to_the_end = 0;  // walks
    uint64_t of_fuel = 0;
    uint64_t of_errors = 0;
    uint64_t planned = 0;                 // stores, none of them made
    double longest_ms = 0;                // the longest walk
    std::string longest;                  // whose
    std::map<uint32_t, uint64_t> deaths;  // by reason
    // What must not be; empty where all is well.
    std::vector<std::string> wrong;
};

// `most_words` spoilt at a time; the same seed on the same memory does the same.
Result<Outcome> run_trials(Frozen& frozen, uint64_t trials, unsigned most_words, uint64_t seed);

}  // namespace defib::corrupt

#endif
