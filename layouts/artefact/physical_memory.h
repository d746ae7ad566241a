// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A machine's memory as it lies in a file: which physical addresses are where.
#ifndef DEFIB_LAYOUTS_ARTEFACT_PHYSICAL_MEMORY_H
#define DEFIB_LAYOUTS_ARTEFACT_PHYSICAL_MEMORY_H

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/base/unique_fd.h"
#include "layouts/artefact/artefact.h"

namespace defib::layouts {

struct MemoryRange {
    uint64_t address = 0;  // physical
    uint64_t length = 0;
    uint64_t offset = 0;  // in the file
};

// Reads copy what is there at that moment: the machine may be running.
//
// A RAM file is read, never looked at through a mapping: a load from a hole of a file in /dev/shm
// allocates the page (shmem_fault in mm/shmem.c), and a guest of 64 GiB would soon use them.
class MemoryFile {
  public:
    static Result<MemoryFile> open(const Input& input);

    uint64_t size() const { return size_; }
    bool read(uint64_t offset, std::span<std::byte> into) const;

    // Calls `visit` with the offset of each page that may hold data, until it returns false.
    void for_each_page(uint64_t begin, uint64_t end,
                       const std::function<bool(uint64_t offset)>& visit) const;

  private:
    UniqueFd fd_;
    Bytes bytes_;  // where there is no file
    uint64_t size_ = 0;
};

class PhysicalMemory {
  public:
    PhysicalMemory(const MemoryFile& file, std::vector<MemoryRange> ranges)
        : file_(&file), ranges_(std::move(ranges)) {}

    const std::vector<MemoryRange>& ranges() const { return ranges_; }
    bool read(uint64_t address, std::span<std::byte> into) const;

  private:
    const MemoryFile* file_;
    std::vector<MemoryRange> ranges_;
};

// The ways in which a raw RAM file may be laid out under 4 GiB: QEMU puts what does not fit below
// the hole for devices to 4 GiB and up.
std::vector<std::vector<MemoryRange>> possible_ranges(uint64_t file_size);

}  // namespace defib::layouts

#endif
