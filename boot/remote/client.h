// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The remote's side of the mailbox, over whatever transport.
#ifndef DEFIB_BOOT_REMOTE_CLIENT_H
#define DEFIB_BOOT_REMOTE_CLIENT_H

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
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
    // `stop`: asked while an answer is waited for, which then does not come.
    explicit Client(OneSided& memory, std::stop_token stop = {});

    // Fails where it is no mailbox, or one of another kind.
    Result<DefibRemoteHead> head();

    // Sends, and waits for the whole answer; `operators` signs what has to be. Where it does not
    // come: whether the engine's side has stopped, or only others keep it busy, the heartbeat
    // tells.
    Result<Answered> ask(DefibRemoteKind kind, const std::string& words,
                         const std::optional<Key>& operators, std::chrono::milliseconds within);

    // What is kept there (engine/abi/remote.h), whoever answers or does not.
    Result<std::string> kept_session() { return kept(offsetof(DefibRemoteMailbox, session)); }
    Result<std::string> kept_journal() { return kept(offsetof(DefibRemoteMailbox, journal)); }

    // Of the start that was asked last.
    const Nonce& nonce() const { return nonce_; }

  private:
    Result<std::optional<Answered>> ask_once(DefibRemoteKind kind, const std::string& words,
                                             std::chrono::milliseconds within);
    Result<void> send(DefibRemoteRequest& request);
    Result<bool> wait(uint64_t number, std::chrono::milliseconds within);
    Result<std::string> kept(uint64_t at);
    Result<bool> is_idle();
    Result<uint64_t> number_in_slot();
    Result<void> open(Answered& answered, const DefibRemoteRequest& request) const;
    std::unexpected<Error> no_answer(uint64_t heartbeat_before);

    OneSided& memory_;
    std::stop_token stop_;
    uint32_t slot_;
    std::optional<Key> signs_;    // what is asked now; the operator's key
    std::optional<Key> session_;  // of the start that it was sent to
    uint64_t heartbeat_ = 0;      // when it was sent
    Nonce nonce_{};
    std::unique_ptr<DefibRemoteAnswer> answer_ = std::make_unique<DefibRemoteAnswer>();
};

const char* status_text(uint32_t status);

}  // namespace defib::boot::remote

#endif
