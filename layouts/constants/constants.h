// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Constants that no type information holds: #defines, and enumerators that the compiler dropped. A
// repair writes their bits into a running kernel, so each one is either known for exactly that
// kernel or absent; nothing is guessed.
//
// The kernel's own headers are the best source, and clang the one reader that is right about them.
// Without headers a table answers, for the kernel versions whose sources it was held against
// (README.md says which). What is private to the kernel's .c files is in no headers package: there
// the table completes what the headers gave.
#ifndef DEFIB_LAYOUTS_CONSTANTS_CONSTANTS_H
#define DEFIB_LAYOUTS_CONSTANTS_CONSTANTS_H

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "layouts/layout.h"

namespace defib::layouts {

using Constants = std::map<std::string, LayoutConstant>;
using ConstantNames = std::set<std::string, std::less<>>;

// What a layout carries unless it is asked for other names.
const ConstantNames& wanted_constants();

// True for a wanted constant whose value the kernel's configuration decides: it is in no table.
bool hangs_on_configuration(std::string_view name);

struct HeaderConstants {
    std::string release;       // "6.1.0-56-amd64", as the headers say
    std::string architecture;  // "x86_64", "aarch64"
    Constants constants;       // names that these headers do not define are absent
};

// `paths`: folders or .deb packages that together hold one kernel's headers: a build folder, or its
// two halves as distributions split them. With `release`, headers of another kernel are refused.
Result<HeaderConstants> constants_from_headers(std::span<const std::filesystem::path> paths,
                                               std::string_view release,
                                               const ConstantNames& wanted);

enum class TablePart { everything, private_to_sources };

// Nothing: the table does not know this version or architecture, and nobody may act with it.
std::optional<Constants> constants_from_table(const KernelIdentity& kernel,
                                              const ConstantNames& wanted,
                                              TablePart part = TablePart::everything);

// What `extract` uses: headers where there are some, completed or else replaced by the table; an
// empty map where neither knows.
Result<Constants> constants_for(const KernelIdentity& kernel,
                                std::span<const std::filesystem::path> headers,
                                const ConstantNames& wanted);

// Adds them to what the layout knows from its types. Where the two contradict each other, headers
// are refused, and the table is held not to speak of this kernel: a vendor changed it.
Result<void> add_constants(Layout& layout, std::span<const std::filesystem::path> headers,
                           const ConstantNames& wanted);

}  // namespace defib::layouts

#endif
