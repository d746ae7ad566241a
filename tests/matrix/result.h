// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What came of one round, as a line of JSON: a run appends lines, so that it can be cut off, gone
// on with, and joined with another machine's.
#ifndef DEFIB_TESTS_MATRIX_RESULT_H
#define DEFIB_TESTS_MATRIX_RESULT_H

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace defib::matrix {

// Beside what load. A healthy load is itself one, and has a round's number for each part of its
// time.
inline constexpr const char* WORKLOADS[] = {"quiet", "busy"};
inline constexpr const char* HEALTHY = "healthy";
// Beside an idle machine's processes, with the kernel module and an HPET in the guest.
inline constexpr const char* HOOKED = "hooked";

struct Round {
    std::string fault;
    std::string kernel;
    std::string workload;
    unsigned number = 0;

    bool operator==(const Round&) const = default;
    auto operator<=>(const Round&) const = default;
};

// Seconds count from the injection; what did not come is negative.
struct RoundResult {
    Round round;
    std::string build;                 // of the programs: rounds of another one are no answer
    std::string release;               // the kernel's
    std::string error;                 // the round could not be held: says nothing of defib
    double found_s = -1;               // the finding that is owed
    double ended_s = -1;               // that finding over for good, and the heart beats
    double watched_s = 0;              // how long defib ran beside it
    bool serves = false;               // at the end: beats, starts a process, writes a file
    unsigned lost = 0;                 // innocent processes that have ended, by whoever's hand
    std::vector<std::string> repairs;  // routines, in order
    std::vector<std::string> false_findings;  // neither owed nor true of such a machine
    std::vector<std::string> harm;            // done to who had nothing to do with it
    std::string last;                         // what defib said last; for who looks into it
    std::string all;                          // everything; not kept
};

nlohmann::json to_json(const RoundResult& result);
Result<RoundResult> from_json(const nlohmann::json& json);

// The lines of a file; one that was cut off in the middle of a write is passed over.
std::vector<RoundResult> read_results(std::string_view text);

}  // namespace defib::matrix

#endif
