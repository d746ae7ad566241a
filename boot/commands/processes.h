// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_PROCESSES_H
#define DEFIB_BOOT_COMMANDS_PROCESSES_H

#include <string>
#include <vector>

#include "boot/session/session.h"
#include "engine/routines/views/records.h"

namespace defib::boot {

struct Times {
    uint64_t user_ns = 0;
    uint64_t system_ns = 0;
    uint64_t runtime_ns = 0;

    void add(uint64_t user, uint64_t system, uint64_t runtime) {
        user_ns += user;
        system_ns += system;
        runtime_ns += runtime;
    }
};

struct Process {
    DefibProcessRecord data{};
    char state = '?';
    std::string name;
    std::string cgroup;
    std::string waits_for;  // empty: it is not blocked
    Times times;            // of a process: of all its threads, also those that have ended
};

struct Processes {
    std::vector<Process> all;
    DefibAnswer answer{};
    std::string doubts;
};

enum class TasksOf : uint8_t { processes, threads };

// All of them by pid, with their cgroups and with what they wait for.
Result<Processes> look_at_processes(Session& session, TasksOf which);

}  // namespace defib::boot

#endif
