// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests that repair: a guest, and a session that may write to its memory. What a repair did is
// asked of the guest itself, never of defib's own view.
#ifndef DEFIB_TESTS_REPAIRS_WARD_H
#define DEFIB_TESTS_REPAIRS_WARD_H

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "boot/session/repair.h"
#include "engine/routines/views/records.h"
#include "tests/faults/inject.h"
#include "tests/lab/under_test.h"

namespace defib::repairs {

class Ward {
  public:
    explicit Ward(const lab::GuestOptions& options);

    // False where the guest did not come up or could not be opened; a failure says so.
    bool is_open() const { return session_ != nullptr; }

    lab::Guest& guest() { return *guest_; }
    boot::Session& session() { return *session_; }

    // A process that the test starts and that is dead at the guest's end.
    pid_t start(const lab::Argv& argv);
    // A program of tests/faults, and its pid once it has said `word`.
    pid_t start_victim(const std::string& arguments, const std::string& word = {});

    // As defib sees it; all zeros where there is none.
    DefibProcessRecord process(pid_t pid);
    DefibProcessRecord running(std::string_view name);
    // As the guest's own /proc shows it; '?' where it is gone.
    char state(pid_t pid);
    std::string file(const std::string& path);

    testing::AssertionResult becomes(pid_t pid, char state);
    testing::AssertionResult says(pid_t pid, const std::string& word);
    testing::AssertionResult ends_by(pid_t pid, int signal);
    testing::AssertionResult runs(pid_t pid);

    // {task, pid, start_ns, extra...}
    std::vector<uint64_t> arguments(pid_t pid, std::vector<uint64_t> extra = {});
    boot::Repair repair(const std::string& routine, const std::vector<uint64_t>& arguments);
    testing::AssertionResult done(const std::string& routine,
                                  const std::vector<uint64_t>& arguments);
    testing::AssertionResult refused(const std::string& routine,
                                     const std::vector<uint64_t>& arguments, uint32_t reason);
    testing::AssertionResult signalled(pid_t pid, int signal);

    // The guest runs programs, writes files, and its kernel has complained of nothing.
    void expect_healthy();

  private:
    DefibProcessRecord first_process(const std::function<bool(const DefibProcessRecord&)>& is_it);

    lab::GuestUnderTest guest_;
    std::unique_ptr<boot::Session> session_;
};

}  // namespace defib::repairs

#endif
