// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What slots lie on: bytes that survive the power, as far as they were flushed. The promises are
// those of a disk and no more: a write that was not flushed may be there, not be there, or be there
// in part, and not in the order of the writes.
#ifndef DEFIB_BOOT_SLOTS_STORAGE_H
#define DEFIB_BOOT_SLOTS_STORAGE_H

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::boot {

inline constexpr size_t SECTOR_BYTES = 512;

class Storage {
  public:
    virtual ~Storage() = default;

    virtual uint64_t size() const = 0;
    virtual Result<void> read(uint64_t offset, std::span<std::byte> out) = 0;
    virtual Result<void> write(uint64_t offset, Bytes bytes) = 0;
    virtual Result<void> flush() = 0;

  protected:
    Storage() = default;
    Storage(const Storage&) = default;
    Storage& operator=(const Storage&) = default;
};

// A file or a partition, for one process at a time.
Result<std::unique_ptr<Storage>> open_storage(const std::filesystem::path& path);

// A new file, all zeros and really allocated; a file that is there stays as it is.
Result<void> create_storage(const std::filesystem::path& path, uint64_t size);

}  // namespace defib::boot

#endif
