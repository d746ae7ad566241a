// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A second process that does one thing when the first one ends before it has said that all is well:
// it becomes the command that it was given. Nothing ends it along with the first one but a signal
// that is meant for it, or the machine.
#ifndef DEFIB_BOOT_SESSION_HEIR_H
#define DEFIB_BOOT_SESSION_HEIR_H

#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

class Heir {
  public:
    // `command`: this program's arguments, without its name.
    static Result<Heir> appoint(const std::vector<std::string>& command);
    Heir(Heir&& other) noexcept;
    Heir& operator=(Heir&&) = delete;
    Heir(const Heir&) = delete;
    Heir& operator=(const Heir&) = delete;
    // All is well.
    ~Heir();

  private:
    Heir(pid_t pid, UniqueFd life) : pid_(pid), life_(std::move(life)) {}

    pid_t pid_;
    UniqueFd life_;  // the only writing end: with this process it is gone
};

}  // namespace defib::boot

#endif
