// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Counters in a file, for machines without a TPM. README.md says what that is not worth.
#ifndef DEFIB_SIGNING_FILE_COUNTER_H
#define DEFIB_SIGNING_FILE_COUNTER_H

#include <filesystem>
#include <memory>

#include "signing/counter.h"
#include "signing/crypto.h"

namespace defib::signing {

// What tells this machine from another one with the same disk image: machine-id and the product's
// serial id. `root` is "/" but in tests.
Result<Digest> read_machine_identity(const std::filesystem::path& root);

// Makes the file with both counters at zero, once: a file that is there stays as it is.
Result<void> provision_file_counters(const std::filesystem::path& path, const Digest& machine);

// A missing file is an error, never zero: deleting it would otherwise be a rollback.
Result<std::unique_ptr<CounterStore>> open_file_counters(const std::filesystem::path& path,
                                                         const Digest& machine);

}  // namespace defib::signing

#endif
