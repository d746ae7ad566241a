// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/fault.h"

namespace defib::faults {
namespace {

constexpr Evidence ALIVE{Sign::BEATS_GO_ON};

constexpr Evidence log_says(const char* text) {
    return {Sign::LOG_SAYS, text};
}
constexpr Evidence tasks(const char* name, char state, uint32_t count) {
    return {Sign::TASKS, name, count, state};
}

// Without these the scheduler keeps 5 % of each CPU for ordinary processes: RT throttling
// (sched_rt_runtime_exceeded) on 6.1, the fair server (dl_server) on 6.12.
constexpr Setting NO_RT_THROTTLE{"/proc/sys/kernel/sched_rt_runtime_us", "-1"};
constexpr Setting NO_FAIR_SERVER{"/sys/kernel/debug/sched/fair_server/cpu*/runtime", "0"};

// Low, so that a guest comes near them that has little to be used up. Of process numbers the first
// 300 are given out once only (RESERVED_PIDS in alloc_pid()): nine tenths must be more than the
// rest.
constexpr Setting FEW_PIDS{"/proc/sys/kernel/pid_max", "4096"};
constexpr Setting MANY_THREADS{"/proc/sys/kernel/threads-max", "30000"};
constexpr Setting FEW_THREADS{"/proc/sys/kernel/threads-max", "1024"};
constexpr Setting FEW_FILES{"/proc/sys/fs/file-max", "4096"};

constexpr Fault FAULTS[] = {
    {.name = "hog",
     .kind = Kind::PROCESS,
     .what = "a process eats all memory at once, no swap",
     .programs = {"victim hog 4000 0"},
     .kill = Kill::ENDS_IT,
     .symptom = {log_says("Out of memory: Killed process [0-9]+ \\(v-hog\\)")}},
    {.name = "hog_swap",
     .kind = Kind::PROCESS,
     .what = "a process eats all memory and 256 MB of swap on a slow disk",
     .guest = {.swap_mb = 256, .swap_mb_per_s = 20},
     .programs = {"victim hog 4000 0"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::SWAP_ABOVE, "", 20}, {Sign::MEMORY_BELOW, "", 100}},
     .note = "swap at 20 MB/s"},
    {.name = "working_set",
     .kind = Kind::PROCESS,
     .what = "a process works in more memory than there is, on a slow swap",
     .guest = {.ram_mb = 320, .swap_mb = 256, .swap_mb_per_s = 4},
     .programs = {"victim swapper 280"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::PROGRAM_SAYS, "round 1"}, {Sign::SWAP_ABOVE, "", 20}},
     .note = "swap at 4 MB/s; it gets on, slowly: to end it would be harm"},
    {.name = "leak",
     .kind = Kind::PROCESS,
     .what = "a process leaks 1 MB every 30 ms",
     .programs = {"victim leak 1024 30"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::MEMORY_BELOW, "", 150}, tasks("v-leak", '*', 1), ALIVE}},
    {.name = "cpu_hogs",
     .kind = Kind::PROCESS,
     .what = "4 processes compute for ever on 2 CPUs",
     .boot = Boot::SHARED,
     .programs = {"victim spin 4"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-spin", 'R', 4), ALIVE}},
    {.name = "rt_hogs",
     .kind = Kind::PROCESS,
     .what = "a SCHED_FIFO process per CPU computes for ever; the rest gets 5 %",
     .boot = Boot::SHARED,
     .programs = {"victim spin-rt 2"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-spin-rt", 'R', 2), {Sign::BEATS_GAP, "", 500}}},
    {.name = "rt_hogs_unlimited",
     .kind = Kind::PROCESS,
     .what = "the same, and the rest gets nothing",
     .guest = {.settings = {NO_RT_THROTTLE, NO_FAIR_SERVER}},
     .programs = {"victim spin-rt 2"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::BEATS_STOP, "", 4000}},
     .note = "RT throttling and, on 6.12, the fair server are off"},
    {.name = "fork_bomb",
     .kind = Kind::PROCESS,
     .what = "every process forks for ever, up to 500 at a time",
     .boot = Boot::SHARED,
     .programs = {"victim fork-bomb 500"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-fork-bomb", '*', 450), ALIVE},
     .note = "bounded, so that the guest can be asked; who dies is replaced"},
    {.name = "thread_bomb",
     .kind = Kind::PROCESS,
     .what = "a process has 1000 threads",
     .boot = Boot::SHARED,
     .programs = {"victim thread-bomb 1000"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-thread-bomb", '*', 1000), ALIVE}},
    {.name = "crowd_asleep",
     .kind = Kind::PROCESS,
     .what = "1000 processes sleep",
     .boot = Boot::SHARED,
     .programs = {"victim crowd-asleep 1000"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-crowd-asleep", 'S', 1000), ALIVE}},
    {.name = "crowd_busy",
     .kind = Kind::PROCESS,
     .what = "1000 processes compute for ever",
     .programs = {"victim crowd-busy 1000"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-crowd-busy", 'R', 1000), ALIVE}},
    {.name = "killable",
     .kind = Kind::PROCESS,
     .what = "a process sleeps in a read that only a fatal signal ends (TASK_KILLABLE)",
     .boot = Boot::SHARED,
     .programs = {"victim read /dev/defib_killable 1"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-read", 'D', 1), ALIVE}},
    {.name = "vfork",
     .kind = Kind::PROCESS,
     .what = "a process waits, killable, for a vfork child that sleeps",
     .boot = Boot::SHARED,
     .programs = {"victim vfork"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-vfork", 'D', 1), ALIVE}},
    {.name = "stopped",
     .kind = Kind::PROCESS,
     .what = "a process has stopped itself",
     .boot = Boot::SHARED,
     .programs = {"victim stopped"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::PROGRAM_SAYS, "stops"}, tasks("v-stopped", 'T', 1), ALIVE}},
    {.name = "signals",
     .kind = Kind::PROCESS,
     .what = "a process prints each signal that it gets",
     .boot = Boot::SHARED,
     .programs = {"victim signals"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::PROGRAM_SAYS, "listens"}, tasks("v-signals", 'S', 1), ALIVE}},
    // Behind all others, as their limits stay.
    {.name = "pid_exhaustion",
     .kind = Kind::PROCESS,
     .what = "a process of 3600 threads has nearly all process numbers",
     .guest = {.settings = {FEW_PIDS, MANY_THREADS}},
     .boot = Boot::SHARED,
     .programs = {"victim thread-bomb 3600"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-thread-bomb", '*', 3600), ALIVE},
     .note = "pid_max is 4096; some are left, so that the guest can be asked"},
    {.name = "thread_exhaustion",
     .kind = Kind::PROCESS,
     .what = "a process of 870 threads has nearly all that the kernel allows",
     .guest = {.settings = {FEW_THREADS}},
     .boot = Boot::SHARED,
     .programs = {"victim thread-bomb 870"},
     .kill = Kill::ENDS_IT,
     .symptom = {tasks("v-thread-bomb", '*', 870), ALIVE},
     .note = "threads-max is 1024; as pid_exhaustion"},
    {.name = "file_exhaustion",
     .kind = Kind::PROCESS,
     .what = "a process has 4000 files open, nearly all that the kernel allows",
     .guest = {.settings = {FEW_FILES}},
     .boot = Boot::SHARED,
     .programs = {"victim open-files 4000"},
     .kill = Kill::ENDS_IT,
     .symptom = {{Sign::PROGRAM_SAYS, "has them open"}, ALIVE},
     .note = "file-max is 4096"},
};

}  // namespace

std::span<const Fault> process_faults() {
    return FAULTS;
}

}  // namespace defib::faults
