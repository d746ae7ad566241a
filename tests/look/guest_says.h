// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a guest says of itself, to hold a look from outside against it; and what defib says.
#ifndef DEFIB_TESTS_LOOK_GUEST_SAYS_H
#define DEFIB_TESTS_LOOK_GUEST_SAYS_H

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/lab/guest.h"

namespace defib::look {

// `defib ARGUMENTS --target vm:...`
Result<std::string> defib(const lab::Guest& guest, std::vector<std::string> arguments);
nlohmann::json json_of(const lab::Guest& guest, std::vector<std::string> arguments);

std::map<int, nlohmann::json> by_pid(const nlohmann::json& processes);

// Brings witness/witness.c there; starts it and waits until it has said that it is ready.
Result<void> bring_witness(lab::Guest& guest);
Result<pid_t> start_witness(lab::Guest& guest, std::vector<std::string> arguments,
                            const std::string& ready);

// A line of /proc/PID/stat, and what else /proc says of that process.
struct ProcessSays {
    std::string name;
    std::string state;
    int ppid = 0;
    long user = 0;
    std::string cgroup;
    uint64_t user_ticks = 0;
    uint64_t system_ticks = 0;
    long priority = 0;
    long threads = 0;
    uint64_t start_ticks = 0;
    uint64_t resident_pages = 0;
    uint32_t flags = 0;
    int cpu = 0;
};

// A number and when it began: no two have both.
using Life = std::pair<int, uint64_t>;

struct GuestSays {
    std::map<int, ProcessSays> processes;
    std::set<Life> lives;         // of processes and threads
    std::map<Life, int> leaders;  // of further threads: the process
};
GuestSays ask(lab::Guest& guest);

Life life_of(const nlohmann::json& process);

// "MemTotal:  123 kB"; 0 where it is not there.
uint64_t number_behind(const std::string& text, const std::string& name);
std::vector<uint64_t> numbers_in(const std::string& line);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace defib::look

#endif
