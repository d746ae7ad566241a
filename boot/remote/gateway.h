// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One-sided reads and writes over TCP, for a host that still lives: what an RDMA adapter would do
// by itself. It knows nothing of requests. A connection may read all of the mailbox and write where
// requests are written; what asks for more is closed. TLS is not invented here: ssh or stunnel
// carry it.
#ifndef DEFIB_BOOT_REMOTE_GATEWAY_H
#define DEFIB_BOOT_REMOTE_GATEWAY_H

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "boot/remote/one_sided.h"
#include "engine/abi/remote.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::remote {

// Little-endian, both ways; a read is answered by the same frame and the bytes, a write by the
// frame; what could not be done by FAILED, and why.
struct Frame {
    enum Operation : uint32_t { READ = 1, WRITE = 2, FAILED = 3 };
    uint32_t operation = 0;
    uint32_t size = 0;
    uint64_t at = 0;
};
inline constexpr uint32_t MOST_READ = 256U << 10;
inline constexpr uint32_t MOST_WRITE = sizeof(DefibRemoteRequest);
inline constexpr uint32_t MOST_WHY = 512;

// What can be read: the target's memory as well where it is another transport that reads.
enum class Reach : uint8_t { mailbox, mailbox_and_memory };

// Whether the gateway does that.
bool is_allowed(const Frame& frame, Reach reach = Reach::mailbox);

// What one connection has sent so far, and what it is still owed; never more than one frame of
// each.
class Conversation {
  public:
    explicit Conversation(Reach reach = Reach::mailbox) : reach_(reach) {}

    // Takes of the bytes what belongs to the frame at hand; gives how many. False: close it.
    bool take(OneSided& memory, std::span<const uint8_t> bytes, size_t& taken);
    std::span<const uint8_t> owed() const { return std::span(owed_).subspan(sent_); }
    void has_sent(size_t size);

  private:
    bool is_whole() const;
    void carry_out(OneSided& memory);

    Reach reach_;
    std::vector<uint8_t> input_;
    std::vector<uint8_t> owed_;
    size_t sent_ = 0;
};

class Gateway {
  public:
    // To whatever `memory` is of.
    static Result<std::unique_ptr<Gateway>> listen(const std::string& where,
                                                   std::unique_ptr<OneSided> memory, Reach reach);

    // Each connection's next frame at the most, without waiting for anybody. True: somebody asked.
    bool step();
    int listener() const { return listener_.get(); }
    uint16_t port() const { return port_; }
    uint64_t closed_for_cause() const { return closed_; }

  private:
    struct Connection {
        UniqueFd socket;
        Conversation conversation;
    };
    Gateway(std::unique_ptr<OneSided> memory, Reach reach);
    void accept_one();
    enum class Served : uint8_t { nothing, something, is_over };
    Served serve(Connection& connection);

    UniqueFd listener_;
    std::unique_ptr<OneSided> memory_;
    Reach reach_;
    std::array<std::unique_ptr<Connection>, 8> connections_;
    size_t next_victim_ = 0;  // who goes when a ninth comes
    uint16_t port_ = 0;
    uint64_t closed_ = 0;
};

Result<std::unique_ptr<OneSided>> connect_to_gateway(const std::string& where);

}  // namespace defib::boot::remote

#endif
