// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_TERMINAL_H
#define DEFIB_TESTS_LAB_TERMINAL_H

#include <atomic>
#include <thread>

#include "engine/base/unique_fd.h"
#include "tests/lab/link.h"

namespace defib::lab {

// This process's own terminal, joined to a process of the guest: what a person types goes there,
// and so does each new size of the window. Raw from the construction to the end, so that Ctrl-C is
// the guest's; Ctrl-] and the signals that would end this process ask to leave instead, also when
// the guest hears nothing any more. Where standard input is no terminal it is passed on as it is.
class Terminal {
  public:
    Terminal(Link& link, uint32_t process);
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    bool wants_to_leave() const { return leaving_; }

  private:
    void pass_on();
    bool take_input();
    void tell_size();

    Link& link_;
    uint32_t process_;
    UniqueFd stop_;
    UniqueFd signals_;
    std::atomic<bool> leaving_{false};
    std::thread thread_;
};

}  // namespace defib::lab

#endif
