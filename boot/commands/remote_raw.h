// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a remote's own session is made of (remote_session.h), as the engine has it and not as text:
// whose kernel it is, what the console's views see of it, the journal, memory. A remote chooses
// which of these it gets, and never an address.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_RAW_H
#define DEFIB_BOOT_COMMANDS_REMOTE_RAW_H

#include <nlohmann/json.hpp>
#include <optional>

#include "boot/commands/remote_answers.h"
#include "boot/salvage/page_choice.h"

namespace defib::boot {

class RemoteRaw {
  public:
    RemoteRaw(Session& session, const Answering& how);

    // JSON; with "runs" only how often each detector has run.
    remote::Served tell_session(const std::string& words);
    // What the views of `defib console` see, each look with its records.
    remote::Served take_picture(const std::string& words);
    remote::Served tell_journal(const std::string& words) const;
    remote::Served read_memory(const std::string& words);

  private:
    nlohmann::ordered_json runs_of_detectors();
    void record(const DefibCommand& command, const DefibAnswer& answer);
    void record_log(const DefibCommand& command, const DefibAnswer& answer);
    Result<PageChoice*> choice_of_pages(uint32_t level);

    Session& session_;
    Answering how_;
    std::string* seen_ = nullptr;  // what is looked at is added there
    uint64_t log_from_ = 0;
    std::optional<PageChoice> choice_;
    uint64_t chosen_ns_ = 0;  // when it last learnt what is touched
    uint32_t level_ = 0;
};

}  // namespace defib::boot

#endif
