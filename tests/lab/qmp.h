// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_QMP_H
#define DEFIB_TESTS_LAB_QMP_H

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "tests/lab/beats.h"

namespace defib::lab {

// QEMU's machine protocol: JSON lines over a socket. Events are read past.
class Qmp {
  public:
    explicit Qmp(UniqueFd socket) : socket_(std::move(socket)) {}

    // The greeting; before it, QEMU is not there.
    Result<void> greet(Clock::time_point deadline);
    // Gives what QEMU returns; what it refuses is an error with its words.
    Result<nlohmann::json> execute(std::string_view command, const nlohmann::json& arguments,
                                   Clock::time_point deadline);

  private:
    Result<nlohmann::json> next_message(Clock::time_point deadline);

    std::mutex mutex_;
    UniqueFd socket_;
    std::string received_;
    uint64_t last_id_ = 0;
};

}  // namespace defib::lab

#endif
