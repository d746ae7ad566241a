// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace defib::boot {

UniqueFd open_notify() {
    const char* name = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe)
    sockaddr_un address = {};
    if (name == nullptr || std::strlen(name) >= sizeof address.sun_path) return {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    // A name in the abstract space starts with a zero, and is as long as it is.
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
    UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open() ||
        connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        return {};
    }
    return socket;
}

void notify(const UniqueFd& socket, std::string_view state) {
    if (!socket.is_open()) return;
    [[maybe_unused]] const ssize_t written = write(socket.get(), state.data(), state.size());
}

}  // namespace defib::boot
