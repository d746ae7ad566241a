// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What each thread of a process costs, and what it waits for: who spends the processor time of a
// process that has nothing to do.
#ifndef DEFIB_TESTS_GPU_THREADS_H
#define DEFIB_TESTS_GPU_THREADS_H

#include <sys/types.h>

#include <map>
#include <string>

namespace defib::gpu {

struct ThreadCost {
    std::string name;
    double cpu_ms = 0;      // as the scheduler counts it
    uint64_t sleeps = 0;    // how often it gave its processor back
    std::string waits_for;  // the kernel's function, and the system call with its arguments
};

using ThreadCosts = std::map<pid_t, ThreadCost>;
ThreadCosts thread_costs(pid_t process);

// What came between the two looks, of threads that are there at the second one.
ThreadCosts between(const ThreadCosts& before, const ThreadCosts& after);
// Without what a lab in the same process costs.
double total_ms(const ThreadCosts& costs);

}  // namespace defib::gpu

#endif
