// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a target's kernel calls its files: the way up over dentries. Files of one folder share it,
// so each is looked at once.
#ifndef DEFIB_BOOT_SALVAGE_FILE_NAMES_H
#define DEFIB_BOOT_SALVAGE_FILE_NAMES_H

#include <map>
#include <optional>
#include <span>
#include <string>

#include "boot/salvage/saved_name.h"
#include "boot/session/session.h"
#include "engine/routines/views/file_records.h"

namespace defib::boot {

class FileNames {
  public:
    explicit FileNames(Session& session) : session_(session) {}

    // From `root` on, or from where the way ends. Nothing where a step cannot be read, is damaged,
    // or the way goes on for longer than any path.
    std::optional<Path> path_of(uint64_t dentry, uint64_t root);

  private:
    const std::optional<DefibNameRecord>& look(uint64_t dentry);

    Session& session_;
    std::map<uint64_t, std::optional<DefibNameRecord>> steps_;
};

// "/a/b", for people: what is no text is \xNN.
std::string shown(std::span<const std::string> path);

}  // namespace defib::boot

#endif
