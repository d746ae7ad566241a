// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A mailbox, and where it is open the target's memory, given to an RDMA adapter: from then on the
// adapter answers reads and writes by itself, whatever became of who gave it.
//
// What it may do is as narrow as it can be. Each place for a remote is a protection domain of its
// own, so that another's keys are of no use there; the mailbox is registered to be read, each
// slot's request alone to be written, memory to be read; and its queue can answer, but never send.
#ifndef DEFIB_BOOT_REMOTE_RDMA_DOOR_H
#define DEFIB_BOOT_REMOTE_RDMA_DOOR_H

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "boot/remote/rdma_library.h"
#include "boot/remote/rdma_wire.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::remote {

struct RdmaTerms {
    std::optional<Key> session;          // whoever has it has places of its own
    std::span<const DefibRange> memory;  // open to them, or without a key to everybody; `backend`
                                         // is an address here
};

class RdmaDoor {
  public:
    // Everything that needs rights is done here: step() only talks and connects.
    static Result<std::unique_ptr<RdmaDoor>> open(const std::string& where,
                                                  DefibRemoteMailbox& mailbox,
                                                  const RdmaTerms& terms);

    // Without waiting for anybody. True: somebody has said something.
    bool step();

    uint16_t port() const { return tcp_port_; }
    // Who claimed a key and did not have it, since the last call.
    uint64_t take_forged() { return std::exchange(forged_, 0); }

  private:
    static constexpr size_t PLACES = 4;
    static constexpr size_t FOR_THE_KEY = 2;  // the first ones, where there is one
    struct Place {
        RdmaOwned<ibv_pd> domain;
        std::vector<RdmaOwned<ibv_mr>> regions;  // the mailbox, its requests, memory
        RdmaOwned<ibv_cq> completions;
        RdmaOwned<ibv_qp> queue;
        uint64_t holder = 0;  // a connection's number; 0: nobody's
    };
    struct Connection {
        UniqueFd socket;
        uint64_t number = 0;
        ibv_gid from = {};
        std::array<uint8_t, DEFIB_REMOTE_NONCE_BYTES> once = {};
        std::vector<uint8_t> said;
    };

    explicit RdmaDoor(DefibRemoteMailbox& mailbox) : mailbox_(mailbox) {}
    Result<void> make_place(Place& place, std::span<const DefibRange> memory);
    Result<void> add_region(Place& place, void* at, uint64_t size, int access);
    void accept_one();
    enum class Served : uint8_t { nothing, something, is_over };
    Served serve(Connection& connection);
    RdmaWelcome welcome(Connection& connection, const RdmaHello& hello);
    Place& place_for(const RdmaHello& hello);
    void leave(uint64_t holder);

    DefibRemoteMailbox& mailbox_;
    std::optional<Key> session_;
    std::vector<DefibRange> memory_;
    UniqueFd listener_;
    uint16_t tcp_port_ = 0;
    RdmaPort port_;
    std::array<Place, PLACES> places_;
    std::array<std::unique_ptr<Connection>, 8> connections_;
    uint64_t numbers_ = 0;
    size_t next_victim_ = 0;
    uint64_t forged_ = 0;
};

}  // namespace defib::boot::remote

#endif
