// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The sockets of what is scraped. All of its memory is its own from the start; it waits for
// nobody longer than BOUND_NS, and opens nothing but the connections that come.
#ifndef DEFIB_BOOT_METRICS_SERVER_H
#define DEFIB_BOOT_METRICS_SERVER_H

#include <array>
#include <cstdint>

#include "boot/metrics/http.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::metrics {

inline constexpr size_t CONNECTIONS = 8;
inline constexpr uint64_t BOUND_NS = 5'000'000'000;

class Server {
  public:
    Server(int listener, Exchange::Page page) : listener_(listener), page_(std::move(page)) {}

    // Waits until something comes, or a connection has had its time; then does what can be done at
    // once.
    void step(uint64_t now_ns);

  private:
    struct Connection {
        UniqueFd socket;
        uint64_t until_ns = 0;
        Exchange exchange;
    };
    void wait(uint64_t now_ns);
    bool accept_one(uint64_t now_ns);
    bool serve(Connection& connection);

    int listener_;
    Exchange::Page page_;
    std::array<Connection, CONNECTIONS> connections_;
};

}  // namespace defib::boot::metrics

#endif
