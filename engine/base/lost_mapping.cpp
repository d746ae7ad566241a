// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/lost_mapping.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

#include "engine/abi/error_code.h"

namespace defib {
namespace {

constexpr char REASON[] =
    ": a file became shorter while it was read (did the guest end?); run it again\n";

// Put together beforehand: a handler may do next to nothing.
std::array<char, 160> message;
size_t message_size = 0;
std::atomic<void (*)()> restore_first = nullptr;

void on_bus_error(int, siginfo_t* info, void*) {
    // Anything but a page behind the end of a file is a fault of the machine or of ours.
    if (info->si_code != BUS_ADRERR) {
        signal(SIGBUS, SIG_DFL);
        return;  // the access comes again, and ends the program
    }
    if (void (*const restore)() = restore_first.load()) restore();
    [[maybe_unused]] const ssize_t said = write(STDERR_FILENO, message.data(), message_size);
    _exit(DEFIB_EXIT_ENVIRONMENT);
}

}  // namespace

void end_cleanly_on_lost_mapping(const char* program) {
    const size_t name = strnlen(program, message.size() - sizeof REASON);
    std::memcpy(message.data(), program, name);
    std::memcpy(message.data() + name, REASON, sizeof REASON - 1);
    message_size = name + sizeof REASON - 1;
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, nullptr);
}

void before_lost_mapping_ends(void (*restore)()) {
    restore_first.store(restore);
}

}  // namespace defib
