// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Seeing a fault, as an outsider does: by the heartbeats and the kernel's log, and by asking the
// guest where it still answers.
#ifndef DEFIB_TESTS_FAULTS_SYMPTOM_H
#define DEFIB_TESTS_FAULTS_SYMPTOM_H

#include <string>
#include <string_view>

#include "tests/faults/inject.h"

namespace defib::faults {

// Whether one piece of evidence holds now. An unasked guest is an error only where evidence needs
// asking.
Result<bool> holds(lab::Guest& guest, const Injection& injection, const Evidence& evidence,
                   lab::Milliseconds within);

// Waits until all evidence was seen, one after the other. The error names what is
// missing.
inline constexpr lab::Milliseconds SYMPTOM_PATIENCE{150'000};
Result<void> wait_for_symptom(lab::Guest& guest, const Injection& injection,
                              lab::Milliseconds within = SYMPTOM_PATIENCE);

// "v-read: 20 in state D"
std::string to_text(const Evidence& evidence);

// The first line of a log that matches; empty if none does.
std::string first_match(std::string_view log, const char* pattern);

// What the kernel says when something is wrong, whatever it is.
extern const char* const TROUBLE;

// Threads in the joined lines of /proc/*/stat, by name and state as in Sign::TASKS. With sessions,
// only of those.
unsigned count_tasks(std::string_view stat_lines, std::string_view name, char state,
                     const std::vector<pid_t>& sessions);

// A field of /proc/meminfo in MB; 0 if it is not there.
unsigned long meminfo_mb(std::string_view meminfo, std::string_view field);

}  // namespace defib::faults

#endif
