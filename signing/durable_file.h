// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_SIGNING_DURABLE_FILE_H
#define DEFIB_SIGNING_DURABLE_FILE_H

#include <filesystem>
#include <string>

#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::signing {

// Reads a small file into memory of our own: what was verified must not change under us when
// somebody else writes to the file, as a mapping would. More than `most` bytes is an error with
// `too_large`, without reading further: a file can be a device that never ends.
Result<std::string> read_at_most(const std::filesystem::path& path, size_t most,
                                 ErrorCode too_large);

// write_atomically, and the folder flushed as well: after a power failure the new name is there.
Result<void> write_durably(const std::filesystem::path& path, const std::string& content);

// For secrets: readable by nobody else from its first byte on; never written over another file.
Result<void> write_secret(const std::filesystem::path& path, const std::string& content);

}  // namespace defib::signing

#endif
