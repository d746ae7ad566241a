// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/look/guest_says.h"

#include <sstream>

#include "tests/lab/host_program.h"

namespace defib::look {
namespace {

constexpr const char* WITNESS = "/bin/witness";
constexpr uint64_t TICK_NS = 10'000'000;  // USER_HZ is 100
constexpr lab::Milliseconds LONG{180'000};

ProcessSays says_of(const std::string& stat) {
    ProcessSays one;
    const size_t open = stat.find('(');
    const size_t close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) return one;
    one.name = stat.substr(open + 1, close - open - 1);
    std::istringstream rest(stat.substr(close + 1));
    std::vector<std::string> fields;  // from the third on
    for (std::string field; rest >> field;) fields.push_back(field);
    if (fields.size() < 37) return one;
    one.state = fields[0];
    one.ppid = std::stoi(fields[1]);
    one.user_ticks = std::stoull(fields[11]);
    one.system_ticks = std::stoull(fields[12]);
    one.priority = std::stol(fields[15]);
    one.threads = std::stol(fields[17]);
    one.start_ticks = std::stoull(fields[19]);
    one.resident_pages = std::stoull(fields[21]);
    one.flags = static_cast<uint32_t>(std::stoul(fields[6]));
    one.cpu = std::stoi(fields[36]);
    return one;
}

}  // namespace

Result<std::string> defib(const lab::Guest& guest, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DEFIB_PROGRAM);
    arguments.insert(arguments.end(), {"--target", "vm:" + guest.ram_file().string()});
    return lab::run_host_program(arguments);
}

nlohmann::json json_of(const lab::Guest& guest, std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto out = defib(guest, std::move(arguments));
    if (!out) return {{"error", to_line(out.error())}};
    return nlohmann::json::parse(*out, nullptr, false);
}

std::map<int, nlohmann::json> by_pid(const nlohmann::json& processes) {
    std::map<int, nlohmann::json> all;
    for (const auto& one : processes) all[one.at("pid").get<int>()] = one;
    return all;
}

Result<void> bring_witness(lab::Guest& guest) {
    return guest.push_file(WITNESS_PROGRAM, WITNESS);
}

Result<pid_t> start_witness(lab::Guest& guest, std::vector<std::string> arguments,
                            const std::string& ready) {
    arguments.insert(arguments.begin(), WITNESS);
    const auto pid = guest.start(arguments);
    if (!pid) return pid;
    const auto is_ready = guest.wait_for(
        "the witness",
        [&] {
            const auto state = guest.state_of(*pid);
            return state && state->out.contains(ready);
        },
        LONG);
    if (!is_ready) return std::unexpected(is_ready.error());
    return pid;
}

GuestSays ask(lab::Guest& guest) {
    GuestSays all;
    const auto out = guest.run({WITNESS, "processes"}, LONG);
    if (!out) return all;
    for (const std::string& line : lines_of(out->out)) {
        std::string stat = line.substr(2);
        // Of a process its user and cgroup stand before, of a thread its process.
        std::istringstream start(stat);
        long first = 0;
        std::string cgroup;
        start >> first;
        if (line[0] == 'P') start >> cgroup;
        stat = stat.substr(static_cast<size_t>(start.tellg()) + 1);
        ProcessSays one = says_of(stat);
        all.lives.insert({std::stoi(stat), one.start_ticks});
        if (line[0] != 'P') {
            all.leaders[{std::stoi(stat), one.start_ticks}] = static_cast<int>(first);
            continue;
        }
        one.user = first;
        one.cgroup = cgroup;
        all.processes[std::stoi(stat)] = std::move(one);
    }
    return all;
}

Life life_of(const nlohmann::json& process) {
    return {process.at("pid").get<int>(), process.at("start_boot_ns").get<uint64_t>() / TICK_NS};
}

uint64_t number_behind(const std::string& text, const std::string& name) {
    const size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
}

std::vector<uint64_t> numbers_in(const std::string& line) {
    std::vector<uint64_t> all;
    std::istringstream words(line);
    for (uint64_t number = 0; words >> number;) all.push_back(number);
    return all;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) all.push_back(line);
    return all;
}

}  // namespace defib::look
