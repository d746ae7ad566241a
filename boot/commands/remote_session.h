// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A session whose target another machine guards. The views run over it as over one here; what they
// ask is answered from the last picture that the guard has sent, in which it has looked at all of
// that, so that one question over the network serves a whole screen.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_SESSION_H
#define DEFIB_BOOT_COMMANDS_REMOTE_SESSION_H

#include <chrono>

#include "boot/commands/remote_told.h"
#include "boot/remote/client.h"
#include "boot/session/session.h"

namespace defib::boot {

class RemoteEngine;

// `before`: what is kept in the mailbox is read, and nobody is asked.
enum class Told : uint8_t { when_asked, before };

class RemoteSession {
  public:
    // `client` outlives it; `from` is what errors call the other side.
    static Result<std::unique_ptr<RemoteSession>> open(remote::Client& client, std::string from,
                                                       std::chrono::milliseconds within,
                                                       Told told = Told::when_asked);
    ~RemoteSession();

    enum class Log : uint8_t { left_out, as_well };
    // An error: there is none, or the guard was started anew, and this is over.
    Result<void> take_picture(Log log);
    // What came since the last call; `lost` entries were overwritten before.
    Result<std::vector<DefibJournalEntry>> read_journal_on(uint64_t& lost);

    // Views only: it can neither act nor plan.
    Session& session() { return *session_; }
    const JournalNames& names() const { return names_; }
    uint64_t start_ns() const { return start_ns_; }

  private:
    RemoteSession(remote::Client& client, std::string from, std::chrono::milliseconds within,
                  Told told);
    Result<std::string> ask(DefibRemoteKind kind, const std::string& words);

    remote::Client& client_;
    std::string from_;
    std::chrono::milliseconds within_;
    Told told_;
    remote::Nonce nonce_{};
    std::unique_ptr<Session> session_;
    RemoteEngine* engine_ = nullptr;  // the session's
    JournalNames names_;
    uint64_t start_ns_ = 0;
    uint64_t read_ = 0;  // the journal, up to this entry
};

// The plain answer to one question; a refusal is an error.
Result<std::string> ask_remote(remote::Client& client, DefibRemoteKind kind,
                               const std::string& words, const std::optional<remote::Key>& key,
                               const std::string& from, std::chrono::milliseconds within);

template <class T>
std::string as_words(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace defib::boot

#endif
