// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a guard answers, taken apart. The other side may say anything: what is not as it should be
// is an error, and what is taken lies within what came.
#ifndef DEFIB_BOOT_COMMANDS_REMOTE_TOLD_H
#define DEFIB_BOOT_COMMANDS_REMOTE_TOLD_H

#include <map>
#include <string>
#include <vector>

#include "boot/find/kernel.h"
#include "boot/journal/reader.h"
#include "engine/abi/journal.h"
#include "engine/abi/remote.h"

namespace defib::boot {

// Of SESSION.
struct ToldSession {
    std::string target;
    TargetKind kind = TargetKind::vm;
    uint64_t start_ns = 0;  // from which the journal's times count
    Kernel kernel = {};     // its ranges lie nowhere here
    layouts::Layout layout;
    JournalNames names;                      // of rules and detectors
    std::map<std::string, std::string> off;  // routines, and why
};
// Fails where the other side's engine has other routines than this one's manifest names.
Result<ToldSession> read_session(const std::string& json, std::string_view manifest,
                                 const std::string& from);

// How often each detector has run, in the policy's order.
Result<std::vector<uint64_t>> read_runs(const std::string& json, const std::string& from);

// Of PICTURE: the records are whole.
struct ToldLook {
    DefibCommand command;
    DefibAnswer answer;  // without the place of its records
    std::string records;
};
Result<std::vector<ToldLook>> read_picture(std::string_view bytes, const std::string& from);

// Of JOURNAL: in order.
Result<std::vector<DefibJournalEntry>> read_entries(std::string_view bytes,
                                                    const std::string& from);

// Of PLAN and ACT, where they were asked for in JSON.
struct ToldRepair {
    struct Store {
        std::string routine;
        std::string field;
        std::string address;
        uint64_t bytes = 0;
        uint64_t old_value = 0;
        uint64_t new_value = 0;
    };
    std::string routine;
    std::string about;
    std::vector<std::pair<std::string, uint64_t>> arguments;
    std::vector<Store> stores;
    std::vector<std::string> ways;
    std::vector<std::string> taken_back;
    bool is_done = false;
    bool is_look = false;  // nothing was to be written
    std::string reason;    // why it is not done
    uint64_t took_us = 0;
};
Result<ToldRepair> read_repair(const std::string& json, const std::string& from);

// Of MEMORY, where so many pages were asked for.
struct ToldPages {
    DefibRemotePages head;
    std::string_view pages;  // those that came
};
Result<ToldPages> read_pages(std::string_view bytes, uint32_t asked, const std::string& from);

}  // namespace defib::boot

#endif
