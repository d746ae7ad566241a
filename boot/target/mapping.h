// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_TARGET_MAPPING_H
#define DEFIB_BOOT_TARGET_MAPPING_H

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/abi/window.h"
#include "engine/base/file.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

// `look_with_device`: a look for a device that can only be given memory which may be written. What
// keeps it a look is then the window's flag alone.
enum class Access : uint8_t { look, look_with_device, act };

// A target's memory file, mapped where it lies: what the target writes is seen at once. With
// Access::look the processor itself refuses stores.
class Mapping {
  public:
    static Result<Mapping> open(const std::filesystem::path& path, Access access);
    // This machine's own (host_memory.cpp); `ranges` gets where its RAM is and was mapped.
    static Result<Mapping> open_host(Access access, std::vector<DefibRange>& ranges);

    // Of this machine's memory, which one process at a time may have: gives it back, and keeps the
    // addresses, so that a child can take it to the same place.
    Result<void> give_up_host();
    // In such a child; `ranges` as open_host() gave them.
    static Result<void> take_host(Access access, std::span<const DefibRange> ranges);
    // Every page gets its entry in this process's tables: a GPU's driver takes the frames from
    // there.
    void touch_host() const;
    // The kernel module shuts it for this process, for good; a GPU that was given it keeps it.
    Result<void> seal_host();

    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    Bytes bytes() const { return {data_, size_}; }

    // The stretches of the file that hold data. Reading a hole of a file in memory would make the
    // host allocate it: a guest that has touched 300 MB of its 4 GB must not cost 4 GB for a look.
    const std::vector<Bytes>& data() const { return extents_; }
    // The same as of now: a guest goes on touching memory.
    std::vector<Bytes> data_now() const;
    // What data_now() asks, by lseek(2) alone; -1: it asks nobody.
    int asked_for_data() const { return is_file_ ? fd_.get() : -1; }

    // Whether the file still has a name, and still is as long: a virtual machine's is removed when
    // it ends, and what lies behind a shorter file's end must not be touched.
    bool is_still_there() const;

    // Whether both are of the same file, or both of this machine's memory.
    struct Origin {
        uint64_t device = 0;
        uint64_t inode = 0;
        bool operator==(const Origin&) const = default;
    };
    Origin origin() const { return origin_; }

  private:
    UniqueFd fd_;  // the file, or the kernel module's device
    Origin origin_;
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
    void* reserved_ = nullptr;  // what is to be unmapped: `data_` may begin inside of it
    size_t reserved_size_ = 0;
    std::vector<Bytes> extents_;
    bool is_file_ = false;
};

}  // namespace defib::boot

#endif
