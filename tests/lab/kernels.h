// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernels that the lab can boot: Debian's own, in the cache that fetch_kernels fills.
#ifndef DEFIB_TESTS_LAB_KERNELS_H
#define DEFIB_TESTS_LAB_KERNELS_H

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace defib::lab {

struct Kernel {
    std::string name;     // "6.12-rt"
    std::string release;  // "6.12.117+deb12-rt-amd64"
    std::filesystem::path folder;

    std::filesystem::path image() const { return folder / "root/boot" / ("vmlinuz-" + release); }
    std::filesystem::path modules() const { return folder / "root/lib/modules" / release; }
    std::filesystem::path headers() const { return folder / "headers/build"; }
    std::filesystem::path package() const { return folder / "image.deb"; }
};

// Every name that find_kernel() knows, whether its kernel is in the cache or not.
std::span<const std::string_view> kernel_names();

// Those that are in the cache.
std::vector<Kernel> cached_kernels();

// The kernel of that name. One that is not in the cache is fetched, which needs the tree, apt and
// its mirror, and takes a minute.
Result<Kernel> find_kernel(std::string_view name);

}  // namespace defib::lab

#endif
