// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/constants/header_packages.h"

#include <cstdlib>
#include <utility>

#include "engine/base/tool.h"

namespace defib::layouts {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<HeaderFolders> HeaderFolders::open(std::span<const fs::path> paths) {
    HeaderFolders opened;
    for (const fs::path& path : paths) {
        std::error_code failure;
        if (!fs::exists(path, failure)) {
            return fail(DEFIB_ERROR_BASE_CANNOT_READ, path.string(), "no such file or folder");
        }
        if (fs::is_directory(path, failure)) {
            opened.folders_.push_back(path);
        } else if (auto unpacked = opened.unpack(path); !unpacked) {
            return std::unexpected(unpacked.error());
        }
    }
    return opened;
}

// All packages go into one folder, so that the halves of one kernel's headers lie beside each other
// as they would when installed.
Result<void> HeaderFolders::unpack(const fs::path& package) {
    if (temporary_.empty()) {
        std::error_code failure;
        std::string pattern = (fs::temp_directory_path(failure) / "defib-headers-XXXXXX").string();
        if (failure || !::mkdtemp(pattern.data())) {
            return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, pattern, "no temporary folder",
                        "set TMPDIR to a folder that can be written");
        }
        temporary_ = pattern;
        folders_.push_back(temporary_);
    }
    constexpr const char* PROGRAMS[] = {"dpkg-deb"};
    const auto run =
        run_tool(PROGRAMS, {"--extract", fs::absolute(package).string(), temporary_.string()}, "");
    if (!run) return std::unexpected(run.error());
    if (run->exit_status != 0) {
        return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, package.string(),
                    "dpkg-deb cannot unpack it: " + run->errors.substr(0, run->errors.find('\n')),
                    "give a folder of headers or a linux-headers .deb");
    }
    return {};
}

HeaderFolders::HeaderFolders(HeaderFolders&& other) noexcept
    : folders_(std::move(other.folders_)), temporary_(std::exchange(other.temporary_, {})) {}

HeaderFolders& HeaderFolders::operator=(HeaderFolders&& other) noexcept {
    std::swap(folders_, other.folders_);
    std::swap(temporary_, other.temporary_);
    return *this;
}

HeaderFolders::~HeaderFolders() {
    if (temporary_.empty()) return;
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
}

}  // namespace defib::layouts
