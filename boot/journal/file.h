// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_JOURNAL_FILE_H
#define DEFIB_BOOT_JOURNAL_FILE_H

#include <filesystem>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

// Opens a journal to add a session to, or makes one. What an interrupted write left at its end, a
// part of a frame, is cut off; a file that is no journal is refused and stays as it is.
Result<UniqueFd> open_journal(const std::filesystem::path& path);

}  // namespace defib::boot

#endif
