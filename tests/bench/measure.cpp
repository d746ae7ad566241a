// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// measure RUNS COMMAND ...: the best wall time of some runs, and the most memory that any took.
// The best, because everything that disturbs a run makes it longer.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

extern char** environ;

int main(int argc, char** argv) {
    const int runs = argc > 2 ? std::atoi(argv[1]) : 0;
    if (runs <= 0) {
        std::fprintf(stderr, "usage: measure RUNS COMMAND ...\n");
        return 2;
    }
    double best_s = std::numeric_limits<double>::max();
    double cpu_s = best_s;
    long most_kib = 0;
    for (int i = 0; i < runs; ++i) {
        const auto start = std::chrono::steady_clock::now();
        pid_t child = 0;
        const int error = ::posix_spawnp(&child, argv[2], nullptr, nullptr, argv + 2, environ);
        if (error != 0) {
            std::fprintf(stderr, "measure: %s: %s\n", argv[2], std::strerror(error));
            return 4;
        }
        int status = 0;
        struct rusage usage{};
        if (::wait4(child, &status, 0, &usage) != child || status != 0) {
            std::fprintf(stderr, "measure: %s failed\n", argv[2]);
            return 4;
        }
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        best_s = std::min(best_s, wall.count());
        cpu_s = std::min(cpu_s, seconds(usage.ru_utime) + seconds(usage.ru_stime));
        most_kib = std::max(most_kib, usage.ru_maxrss);
    }
    std::printf("%.2f s, %.2f s of CPU time, %ld MiB\n", best_s, cpu_s, most_kib / 1024);
    return 0;
}
