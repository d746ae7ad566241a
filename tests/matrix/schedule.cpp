// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/schedule.h"

#include <algorithm>
#include <set>

#include "tests/faults/fault.h"
#include "tests/matrix/cases.h"

namespace defib::matrix {
namespace {

constexpr const char* KERNELS[] = {"6.1", "6.12"};

bool is_wanted(const std::vector<std::string>& list, const std::string& word) {
    return list.empty() || std::ranges::find(list, word) != list.end();
}

}  // namespace

std::vector<Round> still_to_do(const Wanted& wanted, std::span<const RoundResult> done,
                               const std::string& build) {
    std::set<Round> known;
    for (const RoundResult& one : done) {
        if (one.build == build && one.error.empty()) known.insert(one.round);
    }
    std::vector<Round> all;
    const auto add = [&](const char* fault, const char* kernel, const char* workload,
                         unsigned number) {
        const Round round{fault, kernel, workload, number};
        const bool is_asked_for = is_wanted(wanted.faults, fault) &&
                                  is_wanted(wanted.kernels, kernel) &&
                                  is_wanted(wanted.workloads, workload);
        if (is_asked_for && !known.contains(round)) all.push_back(round);
    };
    const unsigned most = std::max({wanted.rounds, wanted.healthy_parts, wanted.hooked_rounds});
    for (unsigned number = 1; number <= most; number++) {
        for (const char* workload : WORKLOADS) {
            for (const Case& one : all_cases()) {
                for (const char* kernel : KERNELS) {
                    if (number <= wanted.rounds) add(one.name, kernel, workload, number);
                }
            }
        }
        for (const Case& one : hooked_cases()) {
            for (const char* kernel : KERNELS) {
                if (number <= wanted.hooked_rounds) add(one.name, kernel, HOOKED, number);
            }
        }
        for (const faults::Fault& load : faults::healthy_loads()) {
            for (const char* kernel : KERNELS) {
                if (number <= wanted.healthy_parts) add(load.name, kernel, HEALTHY, number);
            }
        }
    }
    return all;
}

}  // namespace defib::matrix
