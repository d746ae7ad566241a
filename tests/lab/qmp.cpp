// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/qmp.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace defib::lab {

using nlohmann::json;

Result<void> Qmp::greet(Clock::time_point deadline) {
    const auto greeting = next_message(deadline);
    if (!greeting) return std::unexpected(greeting.error());
    const auto ready = execute("qmp_capabilities", json::object(), deadline);
    if (!ready) return std::unexpected(ready.error());
    return {};
}

Result<json> Qmp::execute(std::string_view command, const json& arguments,
                          Clock::time_point deadline) {
    const std::scoped_lock lock(mutex_);
    // An answer that came after its caller had given up must not be taken for this one's.
    const uint64_t id = ++last_id_;
    const std::string text =
        json{{"execute", command}, {"arguments", arguments}, {"id", id}}.dump() + "\n";
    const auto size = static_cast<ssize_t>(text.size());
    if (::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) != size) {
        return fail(DEFIB_ERROR_LAB_NO_MACHINE, std::string(command), "QEMU has ended");
    }
    for (;;) {
        auto message = next_message(deadline);
        if (!message) return message;
        if (message->value("id", uint64_t{0}) != id) continue;
        if (message->contains("error")) {
            return fail(DEFIB_ERROR_LAB_REFUSED, std::string(command),
                        (*message)["error"].value("desc", ""));
        }
        return (*message)["return"];
    }
}

Result<json> Qmp::next_message(Clock::time_point deadline) {
    for (;;) {
        if (const size_t end = received_.find('\n'); end != std::string::npos) {
            json message = json::parse(received_.substr(0, end), nullptr, false);
            received_.erase(0, end + 1);
            if (message.is_object()) return message;
            continue;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd fd{socket_.get(), POLLIN, 0};
        if (::poll(&fd, 1, std::max(static_cast<int>(left.count()), 0)) == 0) {
            return fail(DEFIB_ERROR_LAB_NO_ANSWER, "QEMU", "not within the deadline");
        }
        char buffer[1 << 14];
        // Commands take turns, and poll() has kept the deadline.
        // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
        const ssize_t n = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(DEFIB_ERROR_LAB_NO_MACHINE, "QEMU", "it has ended");
        received_.append(buffer, static_cast<size_t>(n));
    }
}

}  // namespace defib::lab
