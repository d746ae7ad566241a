// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_LAYOUTS_CONSTANTS_HEADER_PACKAGES_H
#define DEFIB_LAYOUTS_CONSTANTS_HEADER_PACKAGES_H

#include <filesystem>
#include <span>
#include <vector>

#include "engine/base/result.h"

namespace defib::layouts {

// Folders, and .deb packages unpacked into a temporary folder that lives as long as this object.
// clang reads headers from files, so they cannot stay in memory.
class HeaderFolders {
  public:
    static Result<HeaderFolders> open(std::span<const std::filesystem::path> paths);

    HeaderFolders() = default;
    HeaderFolders(HeaderFolders&& other) noexcept;
    HeaderFolders& operator=(HeaderFolders&& other) noexcept;
    HeaderFolders(const HeaderFolders&) = delete;
    HeaderFolders& operator=(const HeaderFolders&) = delete;
    ~HeaderFolders();

    std::span<const std::filesystem::path> folders() const { return folders_; }

  private:
    Result<void> unpack(const std::filesystem::path& package);

    std::vector<std::filesystem::path> folders_;
    std::filesystem::path temporary_;  // empty: nothing was unpacked
};

}  // namespace defib::layouts

#endif
