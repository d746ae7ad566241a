// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A file that is there when it is whole: until then it grows under the name FILE.unfinished, which
// goes away with the object.
#ifndef DEFIB_BOOT_SALVAGE_NEW_FILE_H
#define DEFIB_BOOT_SALVAGE_NEW_FILE_H

#include <filesystem>

#include "engine/base/file.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

class NewFile {
  public:
    static Result<NewFile> make(const std::filesystem::path& path);
    // The same out of a file that nobody needs any more: it holds what that one held.
    static Result<NewFile> make_from(const std::filesystem::path& spare,
                                     const std::filesystem::path& path);

    NewFile(NewFile&& other) noexcept = default;
    NewFile& operator=(NewFile&& other) = delete;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile();

    // What nobody puts is a hole.
    Result<void> put(uint64_t offset, Bytes bytes);
    // All is there: `size` bytes. Under its own name from here on, and on the disk.
    Result<void> finish(uint64_t size);

  private:
    static Result<NewFile> open(const std::filesystem::path& path, std::string unfinished);
    NewFile(UniqueFd fd, std::filesystem::path path, std::string unfinished)
        : fd_(std::move(fd)), path_(std::move(path)), unfinished_(std::move(unfinished)) {}
    std::unexpected<Error> cannot() const;

    UniqueFd fd_;
    std::filesystem::path path_;
    std::string unfinished_;
};

}  // namespace defib::boot

#endif
