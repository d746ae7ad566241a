// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine's side of the remote mailbox. Whoever drives the loop calls step() while the loop
// rests: one request at a time, and then none for four times as long as it took, so that a flood of
// requests gets a fifth of the time and detection the rest.
#ifndef DEFIB_BOOT_REMOTE_SERVER_H
#define DEFIB_BOOT_REMOTE_SERVER_H

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "boot/remote/authentic.h"

namespace defib::boot::remote {

struct Served {
    DefibRemoteStatus status = DEFIB_REMOTE_DONE;
    std::string text;
};
// Of a request that was found in order.
using Serve = std::function<Served(DefibRemoteKind kind, const std::string& words)>;

// Whether a remote may read the target's memory: where there is a key, whoever has it; else whoever
// reaches the mailbox.
enum class Memory : uint8_t { closed, open };

class Server {
  public:
    // Without a key nothing is done that writes. The memory is made new.
    static Result<std::unique_ptr<Server>> start(DefibRemoteMailbox& memory,
                                                 const std::optional<Key>& operators, Serve serve,
                                                 Memory opens = Memory::closed);

    using Clock = std::function<uint64_t()>;
    // Looks once; gives the time before which there is no use in looking again.
    uint64_t step(const Clock& now_ns, uint64_t engine_turns);

    // What is there to be read without asking: whose kernel it is, once, and the newest entries of
    // the journal. Looks for new ones at most ten times a second.
    void keep(uint64_t now_ns);

    // What a transport has refused by itself.
    void count(DefibRemoteStatus status, uint64_t more);
    uint64_t answered(DefibRemoteStatus status) const { return answered_.at(status); }

  private:
    Server(DefibRemoteMailbox& memory, Serve serve) : memory_(memory), serve_(std::move(serve)) {}
    bool look_at(uint32_t slot);
    DefibRemoteStatus check(const DefibRemoteRequest& request, uint32_t slot);
    DefibRemoteStatus check_right(const DefibRemoteRequest& request, uint32_t slot);
    void answer(uint32_t slot, uint64_t number, DefibRemoteStatus status, uint64_t from);

    void add_to_kept(const std::string& entries);

    DefibRemoteMailbox& memory_;
    Serve serve_;
    Memory opens_ = Memory::closed;
    std::optional<Key> session_;
    std::array<uint64_t, DEFIB_REMOTE_SLOTS> seen_{};
    std::array<std::string, DEFIB_REMOTE_SLOTS> texts_;  // of each slot's last answer
    std::array<uint64_t, DEFIB_REMOTE_STATUSES> answered_{};
    uint64_t counter_ = 0;
    uint64_t heartbeat_ = 0;
    uint64_t rest_until_ns_ = 0;
    uint32_t next_slot_ = 0;  // each comes first in turn
    std::string kept_;        // of the journal
    uint64_t keep_next_ns_ = 0;
    bool has_session_ = false;
};

}  // namespace defib::boot::remote

#endif
