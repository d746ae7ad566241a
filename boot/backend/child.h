// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A process of its own for whatever runs the engine. It ends with whoever started it, and what a
// terminal or a service manager sends to all is the starter's to answer.
#ifndef DEFIB_BOOT_BACKEND_CHILD_H
#define DEFIB_BOOT_BACKEND_CHILD_H

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

class Child {
  public:
    // `body` is all that it does; what that returns is what it ends with. `name` is for people.
    static Result<Child> start(const char* name, const std::function<int()>& body);

    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();  // ends it

    int pidfd() const { return pidfd_.get(); }
    pid_t pid() const { return pid_; }

    // The error that says how it has ended; nothing: it has not.
    std::optional<Error> how_it_ended();

  private:
    explicit Child(const char* name) : name_(name) {}

    const char* name_;
    pid_t pid_ = -1;
    UniqueFd pidfd_;
};

// All but standard input, output and error, and that one. What a body does not need it must not
// keep: the slots' lock is held for as long as any process has their file open.
void close_all_but(int file);

// What a body ends with that could not be sealed; the error is told as such.
inline constexpr int EXIT_NOT_SEALED = 4;

}  // namespace defib::boot

#endif
