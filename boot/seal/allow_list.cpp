// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/seal/allow_list.h"

#include <linux/wait.h>
#include <sys/syscall.h>

#include <algorithm>

namespace defib::seal {
namespace {

constexpr Allowance TO_END = {__NR_exit_group, {}, "to end, also from the handler of SIGSYS"};
constexpr Allowance TO_RETURN = {__NR_rt_sigreturn, {}, "a handler returns"};
constexpr Allowance TO_RESUME = {__NR_restart_syscall, {}, "the kernel resumes a wait by itself"};
constexpr Allowance TO_TELL_TIME = {
    __NR_clock_gettime, {}, "the clock, where it cannot be read without the kernel"};

}  // namespace

std::vector<Allowance> supervisor_allowances(const Files& files) {
    const auto file = [](int fd) { return static_cast<uint32_t>(fd); };
    std::vector<Allowance> all = {
        {__NR_ppoll, {}, "waits for the next look at the engine, a signal, or its end"},
        {__NR_write, file(files.log), "what a person should see"},
        {__NR_write, file(files.events), "the same for the system's journal"},
        {__NR_write, file(files.journal), "the journal"},
        {__NR_fdatasync, file(files.journal), "the journal survives the machine"},
        {__NR_write, file(files.notify), "the watchdog of whoever started this"},
        {__NR_write, file(files.teller), "findings, for the program that is told of them"},
        {__NR_read, file(files.signals), "which signal it was"},
        {__NR_waitid, P_PIDFD, "how the engine's process has ended"},
        TO_TELL_TIME,
        TO_RESUME,
        TO_RETURN,
        TO_END,
    };
    // A file that is not there allows nothing: -1 would be a number like any other.
    std::erase_if(all, [](const Allowance& one) { return one.first == UINT32_MAX; });
    return all;
}

// Its files are the listener, the log and what it has accepted: it cannot open others, nor connect.
std::vector<Allowance> server_allowances(const Files& files) {
    return {
        {__NR_ppoll, {}, "waits for connections and for what they say"},
        {__NR_accept4, static_cast<uint32_t>(files.listener), "somebody connects"},
        {__NR_recvfrom, {}, "what a connection says"},
        {__NR_sendto, {}, "what it is answered"},
        {__NR_shutdown, {}, "the answer is over"},
        {__NR_close, {}, "the connection is over"},
        {__NR_write, static_cast<uint32_t>(files.log), "which call was refused"},
        TO_TELL_TIME,
        TO_RESUME,
        TO_RETURN,
        TO_END,
    };
}

std::vector<Allowance> answerer_allowances(const Files& files) {
    std::vector<Allowance> all = server_allowances(files);
    all.insert(all.end(), {{__NR_setsockopt, {}, "what it says is sent at once"},
                           {__NR_clock_nanosleep, {}, "rests between two looks"},
                           {__NR_brk, {}, "room for an answer"},
                           {__NR_munmap, {}, "room that is not needed any more"},
                           {__NR_lseek, static_cast<uint32_t>(files.memory),
                            "which of the target's memory there is, of who gives it to remotes"}});
    // A file that is not there allows nothing: -1 would be a number like any other.
    std::erase_if(all, [](const Allowance& one) { return one.first == UINT32_MAX; });
    return all;
}

std::vector<Allowance> engine_allowances() {
    return {
        {__NR_clock_nanosleep, {}, "rests until something is due"},
        TO_TELL_TIME,
        TO_RESUME,
        TO_RETURN,
        TO_END,
    };
}

std::vector<Allowance> gpu_host_allowances(pid_t self) {
    return {
        {__NR_kill, static_cast<uint32_t>(self), "stops itself, whoever continued it"},
        TO_RESUME,
        TO_RETURN,
        TO_END,
    };
}

}  // namespace defib::seal
