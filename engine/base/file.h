// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Files in, files out. Reading maps or loads a file whole; writing is atomic: the final name either
// holds the complete new content or what it held before, whatever is interrupted.
#ifndef DEFIB_ENGINE_BASE_FILE_H
#define DEFIB_ENGINE_BASE_FILE_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace defib {

using Bytes = std::span<const std::byte>;

// A file mapped read-only and privately. Regular files only stay valid while nobody truncates them;
// a file in /sys, whose size cannot be trusted, is read into memory instead.
class MappedFile {
  public:
    static Result<MappedFile> open(const std::filesystem::path& path);

    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    Bytes bytes() const { return {data_, size_}; }

  private:
    void release();

    const std::byte* data_ = nullptr;
    size_t size_ = 0;
    bool is_heap_ = false;
};

// Writes `content` next to `path`, flushes it to the device, then renames it over `path`; a link is
// replaced, not followed. A device, a pipe and what is open already (/dev/stdout) are written to.
Result<void> write_atomically(const std::filesystem::path& path, std::string_view content);

// All of it at that place, whatever interrupts. 0, or the errno.
int write_all_at(int fd, uint64_t offset, Bytes bytes);

inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace defib

#endif
