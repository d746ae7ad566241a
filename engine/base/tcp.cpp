// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/tcp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace defib {
namespace {

constexpr int BACKLOG = 16;

std::unexpected<Error> cannot(const std::string& where) {
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, where, std::strerror(errno));
}

struct Addresses {
    addrinfo* first = nullptr;
    Addresses() = default;
    Addresses(const Addresses&) = delete;
    Addresses& operator=(const Addresses&) = delete;
    ~Addresses() {
        if (first != nullptr) freeaddrinfo(first);
    }
};

// getaddrinfo() takes 99999 for 34463.
bool is_port(const std::string& text) {
    constexpr int MOST = 65535;
    int port = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    return read.ec == std::errc() && read.ptr == end && port >= 0 && port <= MOST;
}

Result<void> resolve(const std::string& where, int flags, const char* others,
                     Addresses& addresses) {
    const size_t colon = where.rfind(':');
    std::string host = where.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (colon == std::string::npos || host.empty() || !is_port(where.substr(colon + 1))) {
        return fail(DEFIB_ERROR_BASE_USAGE, where, "not an address",
                    std::string("write ADDRESS:PORT") + others);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    const int problem =
        getaddrinfo(host.c_str(), where.c_str() + colon + 1, &hints, &addresses.first);
    if (problem == 0) return {};
    return fail(DEFIB_ERROR_BASE_USAGE, where, gai_strerror(problem));
}

uint16_t port_of(int fd) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
    const uint16_t port = bound.ss_family == AF_INET6
                              ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                              : reinterpret_cast<const sockaddr_in&>(bound).sin_port;
    return ntohs(port);
}

}  // namespace

Result<TcpListener> listen_tcp(const std::string& where, const char* others) {
    Addresses addresses;
    if (auto known = resolve(where, AI_NUMERICHOST | AI_PASSIVE, others, addresses); !known) {
        return std::unexpected(known.error());
    }
    const addrinfo& one = *addresses.first;
    TcpListener listener;
    listener.socket.reset(socket(one.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int fd = listener.socket.get();
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, one.ai_addr, one.ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        return cannot(where);
    }
    listener.port = port_of(fd);
    return listener;
}

bool is_of_this_machine_only(int socket) {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0) return false;
    if (own.ss_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(own).sin6_addr);
    }
    const in_addr_t four = ntohl(reinterpret_cast<const sockaddr_in&>(own).sin_addr.s_addr);
    return own.ss_family == AF_INET && four >> 24 == IN_LOOPBACKNET;
}

Result<UniqueFd> connect_tcp(const std::string& where, int timeout_s, const char* others) {
    Addresses addresses;
    if (auto known = resolve(where, 0, others, addresses); !known) {
        return std::unexpected(known.error());
    }
    const addrinfo& one = *addresses.first;
    UniqueFd socket(::socket(one.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{timeout_s, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int yes = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(socket.get(), one.ai_addr, one.ai_addrlen) != 0) return cannot(where);
    return socket;
}

}  // namespace defib
