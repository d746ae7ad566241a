// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_COMMANDS_FILES_SAVE_H
#define DEFIB_BOOT_COMMANDS_FILES_SAVE_H

#include "boot/salvage/save_files.h"

namespace defib::boot {

enum class Told : uint8_t { as_text, as_json };

// Makes the folder, with files.json and summary.txt beside the files, and tells what is in it.
Result<int> save_into(const std::string& folder, Session& session, FileNames& names,
                      const FileSystems& systems, Told told);

}  // namespace defib::boot

#endif
