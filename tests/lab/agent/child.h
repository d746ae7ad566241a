// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_AGENT_CHILD_H
#define DEFIB_TESTS_LAB_AGENT_CHILD_H

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace defib::lab::agent {

// One process that the lab started. `input` and `output` are the same terminal for one that runs on
// a terminal, and `error` is then closed.
struct Child {
    uint32_t id = 0;
    pid_t pid = -1;
    UniqueFd input;
    UniqueFd output;
    UniqueFd error;
    std::string pending;  // input that its pipe did not take yet
    bool input_ended = false;
};

// Starts `arguments` (zero-terminated strings) as a session of its own. Gives an errno, 0 for
// success.
int start_on_pipes(std::string_view arguments, Child& child);
int start_on_terminal(std::string_view arguments, Child& child);

// Writes as much of the pending input as the process takes now.
void feed(Child& child);

void resize_terminal(const Child& child, uint16_t rows, uint16_t columns);

}  // namespace defib::lab::agent

#endif
