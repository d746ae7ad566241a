// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/gpu/threads.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/lab/link.h"

namespace defib::gpu {
namespace {

std::string first_line(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

double ms_of(const std::filesystem::path& task) {
    double ns = 0;
    if (std::istringstream(first_line(task / "schedstat")) >> ns) return ns / 1e6;
    // Where the scheduler does not tell, in ticks: fields 14 and 15, counted behind the name.
    const std::string stat = first_line(task / "stat");
    std::istringstream words(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
    std::string word;
    double ticks = 0;
    for (int field = 3; words >> word && field <= 15; field++) {
        if (field >= 14) ticks += std::stod(word);
    }
    return ticks * 1000 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t sleeps_of(const std::filesystem::path& task) {
    std::ifstream file(task / "status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("voluntary_ctxt_switches:")) return std::stoull(line.substr(24));
    }
    return 0;
}

}  // namespace

ThreadCosts thread_costs(pid_t process) {
    ThreadCosts costs;
    std::error_code ignored;
    const std::filesystem::path tasks = fmt::format("/proc/{}/task", process);
    for (const auto& entry : std::filesystem::directory_iterator(tasks, ignored)) {
        const std::filesystem::path& task = entry.path();
        costs[std::stoi(task.filename().string())] = {
            first_line(task / "comm"), ms_of(task), sleeps_of(task),
            fmt::format("{}; system call {}", first_line(task / "wchan"),
                        first_line(task / "syscall"))};
    }
    return costs;
}

ThreadCosts between(const ThreadCosts& before, const ThreadCosts& after) {
    ThreadCosts costs = after;
    for (auto& [id, cost] : costs) {
        const auto earlier = before.find(id);
        if (earlier == before.end()) continue;
        cost.cpu_ms -= earlier->second.cpu_ms;
        cost.sleeps -= earlier->second.sleeps;
    }
    return costs;
}

double total_ms(const ThreadCosts& costs) {
    double sum = 0;
    for (const auto& [id, cost] : costs) sum += cost.name == lab::LINK_THREAD ? 0 : cost.cpu_ms;
    return sum;
}

}  // namespace defib::gpu
