// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/constants/constants.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace defib::layouts {

const ConstantNames& wanted_constants() {
    static const ConstantNames LIST = {
#define ALWAYS(name) #name,
#define CONFIGURED(name) #name,
#include "layouts/constants/names.inc"
#undef ALWAYS
#undef CONFIGURED
    };
    return LIST;
}

bool hangs_on_configuration(std::string_view name) {
    static constexpr std::string_view NAMES[] = {
#define ALWAYS(name)
#define CONFIGURED(name) #name,
#include "layouts/constants/names.inc"
#undef ALWAYS
#undef CONFIGURED
    };
    return std::ranges::find(NAMES, name) != std::end(NAMES);
}

Result<Constants> constants_for(const KernelIdentity& kernel,
                                std::span<const std::filesystem::path> headers,
                                const ConstantNames& wanted) {
    if (headers.empty()) return constants_from_table(kernel, wanted).value_or(Constants());
    auto read = constants_from_headers(headers, kernel.release, wanted);
    if (!read) return std::unexpected(read.error());
    if (!kernel.architecture.empty() && kernel.architecture != read->architecture) {
        return fail(
            DEFIB_ERROR_LAYOUT_CONSTANTS, headers.front().string(),
            "headers for " + read->architecture + ", but the kernel is for " + kernel.architecture,
            "give the headers of exactly this kernel");
    }
    // Only what no header tells: a constant of a public header that these headers lack does not
    // exist in this kernel.
    auto completed = constants_from_table(kernel, wanted, TablePart::private_to_sources);
    if (completed) read->constants.merge(*completed);
    return std::move(read->constants);
}

Result<void> add_constants(Layout& layout, std::span<const std::filesystem::path> headers,
                           const ConstantNames& wanted) {
    auto constants = constants_for(layout.kernel, headers, wanted);
    if (!constants) return std::unexpected(constants.error());
    for (const auto& [name, known] : layout.constants) {
        const auto found = constants->find(name);
        if (found == constants->end() || found->second.value == known.value) continue;
        if (headers.empty()) return {};
        return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, headers.front().string(),
                    name + " is " + std::to_string(found->second.value) + " there, but " +
                        std::to_string(known.value) + " in the kernel's own types",
                    "give the headers of exactly this kernel");
    }
    layout.constants.merge(*constants);
    return {};
}

}  // namespace defib::layouts
