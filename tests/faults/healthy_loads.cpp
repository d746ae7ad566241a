// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Machines that work hard and are well: whoever finds a fault here is wrong. The kernel's own
// detectors stay at their defaults.
#include "tests/faults/fault.h"

namespace defib::faults {
namespace {

constexpr Evidence ALIVE{Sign::BEATS_GO_ON};
constexpr Evidence CLEAN{Sign::LOG_IS_CLEAN};
constexpr Conditions SERVER{.ram_mb = 768, .swap_mb = 512, .disk_mb = 64};

constexpr Fault LOADS[] = {
    {.name = "stress_cpu",
     .kind = Kind::HEALTHY,
     .what = "stress-ng: computing, switching, pipes, forks",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .programs = {"stress-ng --cpu 2 --switch 2 --pipe 2 --fork 2 --timeout 300 --metrics-brief"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::TASKS, "stress-ng*", 8}, ALIVE, CLEAN}},
    {.name = "stress_memory",
     .kind = Kind::HEALTHY,
     .what = "stress-ng: memory, mappings, page faults, shared memory, futexes",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .programs = {"stress-ng --vm 2 --vm-bytes 64M --mmap 2 --mmap-bytes 32M --fault 1 --shm 1 "
                  "--futex 1 --timeout 300 --temp-path /tmp"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::TASKS, "stress-ng*", 7}, ALIVE, CLEAN}},
    {.name = "compile",
     .kind = Kind::HEALTHY,
     .what = "4 builders on 2 CPUs: short processes that compute and write files",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .programs = {"victim churn 4"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::TASKS, "v-churn", 5}, ALIVE, CLEAN}},
    {.name = "disk",
     .kind = Kind::HEALTHY,
     .what = "24 processes write to a slow disk synchronously: most are in D state, briefly each",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .programs = {"victim disk /dev/vda 64 24"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::TASKS, "v-disk", 12, 'D'}, ALIVE, CLEAN},
     .note = "the disk does 20 MB/s"},
    {.name = "irqoff",
     .kind = Kind::HEALTHY,
     .what = "15 sections of 100 ms with interrupts off",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .parameter = "irqoff",
     .number = 15,
     .symptom = {{Sign::LOG_SAYS, "irqoff sections are over"}, ALIVE, CLEAN}},
    {.name = "preemptoff",
     .kind = Kind::HEALTHY,
     .what = "15 sections of 100 ms with preemption off",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .parameter = "preemptoff",
     .number = 15,
     .symptom = {{Sign::LOG_SAYS, "preemptoff sections are over"}, ALIVE, CLEAN}},
    {.name = "fits",
     .kind = Kind::HEALTHY,
     .what = "one allocation takes half of the memory, and fits",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .programs = {"victim hog 350 0"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::PROGRAM_SAYS, "has it all"}, ALIVE, CLEAN}},
    {.name = "swapping",
     .kind = Kind::HEALTHY,
     .what = "a process works in more memory than there is, on a fast swap",
     .guest = SERVER,
     .boot = Boot::SHARED,
     .programs = {"victim swapper 750"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::PROGRAM_SAYS, "round 1"}, {Sign::SWAP_ABOVE, "", 20}, ALIVE, CLEAN}},
};

}  // namespace

std::span<const Fault> healthy_loads() {
    return LOADS;
}

}  // namespace defib::faults
