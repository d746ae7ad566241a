// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_REMOTE_SERVICE_H
#define DEFIB_BOOT_REMOTE_SERVICE_H

#include <memory>
#include <string>

#include "boot/remote/gateway.h"
#include "boot/remote/rdma_door.h"
#include "boot/remote/server.h"
#include "boot/remote/shared_file.h"

namespace defib::boot::remote {

// A mailbox with its server, and what it is to be reached by.
class Service {
  public:
    // "shm:FILE", "ADDRESS:PORT" or "rdma:ADDRESS:PORT". `memory` is the target's, of which an RDMA
    // adapter reads where it is open; `backend` is an address here.
    static Result<std::unique_ptr<Service>> start(const std::string& where,
                                                  const std::optional<Key>& operators, Serve serve,
                                                  Memory opens = Memory::closed,
                                                  std::span<const DefibRange> memory = {});

    // While the loop rests; gives when to look again.
    uint64_t step(const Server::Clock& now_ns, uint64_t engine_turns);

    // For whoever forks a process that answers: its listener, and not to listen here any more.
    int listener() const { return gateway_ ? gateway_->listener() : -1; }
    void close_gateway() { gateway_.reset(); }

    const Server& server() const { return *server_; }
    // Of "ADDRESS:0": the one that was free. 0: no gateway.
    uint16_t port() const { return gateway_ ? gateway_->port() : door_ ? door_->port() : 0; }

  private:
    std::unique_ptr<SharedMailbox> memory_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<Gateway> gateway_;
    std::unique_ptr<RdmaDoor> door_;
    uint64_t asked_ns_ = 0;  // when somebody last talked to it
};

}  // namespace defib::boot::remote

#endif
