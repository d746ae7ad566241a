// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_hold.h"

#include <fmt/format.h>

#include <signal.h>
#include <time.h>

#include <cstdio>

#include "boot/remote/gateway.h"
#include "engine/base/command.h"
#include "engine/base/tcp.h"

namespace defib::boot {

Result<int> hold(std::unique_ptr<remote::OneSided> memory, const std::vector<std::string>& words) {
    if (words.size() != 1) {
        return fail(DEFIB_ERROR_BASE_USAGE, "hold", "where it is to be asked here is needed",
                    "hold 127.0.0.1:7070");
    }
    auto gateway = remote::Gateway::listen(words.front(), std::move(memory),
                                           remote::Reach::mailbox_and_memory);
    if (!gateway) return std::unexpected(gateway.error());
    // What is read by the operator's key is asked for here without one.
    if (!is_of_this_machine_only((*gateway)->listener())) {
        return fail(DEFIB_ERROR_BASE_USAGE, words.front(), "others could reach it, without the key",
                    "hold 127.0.0.1:7070");
    }
    sigset_t signals{};
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    fmt::print(stderr, "defib: held; ask at port {}\n", (*gateway)->port());
    constexpr timespec AWAKE = {0, 100'000};
    constexpr timespec RESTING = {0, 2'000'000};
    constexpr int LOOKS_AWAKE = 500;
    for (int looks = LOOKS_AWAKE;; looks++) {
        if ((*gateway)->step()) looks = 0;
        const timespec& rest = looks < LOOKS_AWAKE ? AWAKE : RESTING;
        if (looks > LOOKS_AWAKE) looks = LOOKS_AWAKE;
        if (sigtimedwait(&signals, nullptr, &rest) > 0) return DEFIB_EXIT_DONE;
    }
}

}  // namespace defib::boot
