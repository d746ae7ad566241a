// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Making a fault happen in a guest.
//
//   const auto& fault = *faults::find("f1a");
//   auto guest = lab::Guest::boot(faults::guest_for(fault, "6.12"));
//   auto injection = faults::inject(*guest, fault);
//   auto seen = faults::wait_for_symptom(*guest, *injection);      // symptom.h
//
// inject() returns before the fault strikes (the module waits 200 ms), so that it can return at
// all.
#ifndef DEFIB_TESTS_FAULTS_INJECT_H
#define DEFIB_TESTS_FAULTS_INJECT_H

#include <sys/types.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "tests/faults/fault.h"
#include "tests/lab/guest.h"

namespace defib::faults {

// The guest that this fault needs. Whoever needs more of it (more CPUs, an HPET) changes the
// answer.
lab::GuestOptions guest_for(const Fault& fault, std::string_view kernel);

struct Injection {
    const Fault* fault = nullptr;
    std::vector<pid_t> programs;  // each leads a session of its own
    size_t console_from = 0;      // what the console says later, it says since the fault
    lab::Clock::time_point at;
};

// Loads the module and brings the programs, where that is not done yet. The lab's agent is a
// realtime task and needs a CPU for seconds to bring stress-ng: whoever watches the guest does this
// before.
Result<void> prepare(lab::Guest& guest, const Fault& fault);

// Prepares the guest, and makes the fault happen.
Result<Injection> inject(lab::Guest& guest, const Fault& fault);
Result<Injection> inject(lab::Guest& guest, std::string_view name);

// The program that does what processes do wrong, as /bin/victim, where it is not there yet.
Result<void> bring_victim(lab::Guest& guest);

// Sends SIGKILL to all that the injection started.
Result<void> kill_programs(lab::Guest& guest, const Injection& injection);

// The module built for that kernel; builds it where it is not, or is older than its source.
Result<std::filesystem::path> module_for(const lab::Kernel& kernel);

}  // namespace defib::faults

#endif
