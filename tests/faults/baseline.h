// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a kernel does about a fault when nobody helps it: the baseline that recovery is compared
// with.
#ifndef DEFIB_TESTS_FAULTS_BASELINE_H
#define DEFIB_TESTS_FAULTS_BASELINE_H

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/fault.h"
#include "tests/lab/guest.h"

namespace defib::faults {

// How long a kernel is left alone.
inline constexpr lab::Milliseconds ALONE{60'000};

// One fault on one kernel. Seconds count from the injection; what was not seen is negative.
struct Observation {
    std::string fault;
    std::string kernel;
    std::string release;
    double symptom_s = -1;
    double last_beat_s = -1;    // the last one of an ordinary process
    double longest_gap_s = -1;  // between ordinary beats, until the last one
    std::string log;            // what the kernel said, and when: "soft lockup 5 s"
    std::string outcome;        // after ALONE
};

Result<Observation> observe(const Fault& fault, std::string_view kernel);

// Kinds of trouble in a console's text with the second, from `since_s` of the guest's clock on, at
// which each was first told.
std::string summary_of(std::string_view console, double since_s);

nlohmann::json to_json(const Observation& observation);
Result<Observation> from_json(const nlohmann::json& json);

// A table in Markdown: a row per fault that was observed, in the order of all(), columns per
// kernel.
std::string table_of(const std::vector<Observation>& observations);

// `document` with what stands between the markers replaced.
inline constexpr const char* TABLE_BEGINS = "<!-- baseline begins -->\n";
inline constexpr const char* TABLE_ENDS = "<!-- baseline ends -->\n";
Result<std::string> with_table(std::string_view document, std::string_view table);

}  // namespace defib::faults

#endif
