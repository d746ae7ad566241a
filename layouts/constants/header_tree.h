// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where one kernel's headers lie. A prepared source tree has them in one place; Debian and others
// split them into a build folder (generated headers, the configuration) and a common folder (the
// headers of the source), two packages.
#ifndef DEFIB_LAYOUTS_CONSTANTS_HEADER_TREE_H
#define DEFIB_LAYOUTS_CONSTANTS_HEADER_TREE_H

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace defib::layouts {

struct HeaderTree {
    std::filesystem::path build;   // include/generated/autoconf.h
    std::filesystem::path common;  // include/linux/kconfig.h; may be the same
    std::string kernel_directory;  // "x86": below arch/
    std::string architecture;      // "x86_64"
    std::string release;           // include/generated/utsrelease.h

    // clang's arguments that make it see these headers as the kernel's build does.
    std::vector<std::string> compiler_arguments() const;

    // A header's path as the kernel's sources name it; the path itself if it is in neither half.
    std::string name_of(std::string_view path) const;
};

// `folders`: each a build folder, a common folder, or a root under which packages were unpacked
// (usr/src/linux-headers-*). Where they hold several kernels, `release` says which is meant.
// `object` is what errors are about.
Result<HeaderTree> find_header_tree(std::span<const std::filesystem::path> folders,
                                    std::string_view release, const std::string& object);

}  // namespace defib::layouts

#endif
