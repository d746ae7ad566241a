// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The remote's side of the mailbox, over whatever transport.
#ifndef DEFIB_BOOT_REMOTE_CLIENT_H
#define DEFIB_BOOT_REMOTE_CLIENT_H

#include <chrono>
#include <optional>
#include <string>

#include "boot/remote/authentic.h"
#include "boot/remote/one_sided.h"

namespace defib::boot::remote {

struct Answered {
    DefibRemoteStatus status = DEFIB_REMOTE_NO_STATUS;
    std::string text;
};

class Client {
  public:
    explicit Client(OneSided& memory) : memory_(memory) {}

    // Fails where it is no mailbox, or one of another kind.
    Result<DefibRemoteHead> head();

    // Sends, and waits for the whole answer. Where it does not come: whether the engine's side has
    // stopped, or only others keep it busy, the heartbeat tells.
    Result<Answered> ask(DefibRemoteKind kind, const std::string& words,
                         const std::optional<Key>& operators, std::chrono::milliseconds within);

  private:
    Result<void> send(DefibRemoteRequest& request, const std::optional<Key>& operators);
    Result<DefibRemoteAnswer*> wait(uint64_t number, std::chrono::milliseconds within);
    std::unexpected<Error> no_answer(uint64_t heartbeat_before);

    OneSided& memory_;
    uint32_t slot_ = 0;
    std::unique_ptr<DefibRemoteAnswer> answer_ = std::make_unique<DefibRemoteAnswer>();
};

const char* status_text(uint32_t status);

}  // namespace defib::boot::remote

#endif
