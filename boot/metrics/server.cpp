// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/metrics/server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace defib::boot::metrics {
namespace {

constexpr uint64_t NS_A_SECOND = 1'000'000'000;

}  // namespace

void Server::step(uint64_t now_ns) {
    wait(now_ns);
    for (size_t i = 0; i < CONNECTIONS && accept_one(now_ns); i++) {
    }
    for (Connection& connection : connections_) {
        if (!connection.socket.is_open()) continue;
        if (now_ns >= connection.until_ns || !serve(connection)) connection.socket.reset();
    }
}

void Server::wait(uint64_t now_ns) {
    std::array<pollfd, CONNECTIONS + 1> waited{};
    waited[0] = {listener_, POLLIN, 0};
    uint64_t until_ns = now_ns + NS_A_SECOND;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        const Connection& one = connections_[i];
        const short event = one.exchange.is_answered() ? POLLOUT : POLLIN;
        waited[i + 1] = {one.socket.get(), event, 0};  // -1 is passed over
        if (one.socket.is_open()) until_ns = std::min(until_ns, one.until_ns);
    }
    const uint64_t left_ns = until_ns - std::min(until_ns, now_ns);
    const timespec left = {static_cast<time_t>(left_ns / NS_A_SECOND),
                           static_cast<long>(left_ns % NS_A_SECOND)};
    ppoll(waited.data(), waited.size(), &left, nullptr);
}

// A ninth takes the place of who has been there longest: who only holds one keeps nobody out.
bool Server::accept_one(uint64_t now_ns) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return false;
    Connection* place = &connections_[0];
    for (Connection& one : connections_) {
        if (!one.socket.is_open()) {
            place = &one;
            break;
        }
        if (one.until_ns < place->until_ns) place = &one;
    }
    place->socket.reset(fd);
    place->until_ns = now_ns + BOUND_NS;
    place->exchange.start();
    return true;
}

// False: it is over.
bool Server::serve(Connection& connection) {
    Exchange& exchange = connection.exchange;
    const int fd = connection.socket.get();
    if (!exchange.is_answered()) {
        std::array<char, MOST_REQUEST> bytes;
        const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
        if (count < 0) return errno == EAGAIN;
        if (count == 0) return false;
        exchange.take({bytes.data(), static_cast<size_t>(count)}, page_);
        if (!exchange.is_answered()) return true;
    }
    const std::string_view owed = exchange.owed();
    const ssize_t count = send(fd, owed.data(), owed.size(), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN;
    exchange.has_sent(static_cast<size_t>(count));
    if (!exchange.is_over()) return true;
    // The answer's end; what the other side still sends is not waited for.
    shutdown(fd, SHUT_WR);
    return false;
}

}  // namespace defib::boot::metrics
