// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/commands/show.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "layouts/commands/load.h"
#include "layouts/layout_json.h"
#include "layouts/show.h"

namespace defib::layouts {
namespace {

struct Arguments {
    std::string layout;
    std::string structure;
    bool is_json = false;
};

void print_summary(const Layout& layout) {
    fmt::print("{}\n", kernel_line(layout.kernel));
    if (!layout.kernel.banner.empty()) fmt::print("{}\n", layout.kernel.banner);
    if (!layout.kernel.btf_digest.empty()) fmt::print("types    {}\n", layout.kernel.btf_digest);
    if (!layout.kernel.build_id.empty()) fmt::print("build id {}\n", layout.kernel.build_id);
    size_t members = 0;
    for (const auto& [name, structure] : layout.structs) members += structure.members.size();
    fmt::print("{} structures with {} members, {} enumerations, {} constants, {} symbols\n",
               layout.structs.size(), members, layout.enums.size(), layout.constants.size(),
               layout.symbols.size());
}

// The same form as the layout's own, so that one reader serves both.
Layout only(const Layout& layout, const std::string& name) {
    Layout chosen;
    chosen.kernel = layout.kernel;
    if (!name.empty()) chosen.structs.emplace(name, layout.structs.at(name));
    return chosen;
}

Result<int> show(const Arguments& arguments) {
    const auto layout = load_layout(arguments.layout);
    if (!layout) return std::unexpected(layout.error());
    if (arguments.structure.empty()) {
        if (arguments.is_json) {
            fmt::print("{}", to_json(*layout));
        } else {
            print_summary(*layout);
        }
        return DEFIB_EXIT_DONE;
    }
    const auto found = layout->structs.find(arguments.structure);
    if (found == layout->structs.end()) {
        return fail(DEFIB_ERROR_LAYOUT_NOT_FOUND, arguments.layout,
                    fmt::format("struct {}", arguments.structure),
                    "a layout made with --full has every structure of its kernel");
    }
    if (arguments.is_json) {
        fmt::print("{}", to_json(only(*layout, arguments.structure)));
    } else {
        fmt::print("{}", show_struct(found->first, found->second));
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_show(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("LAYOUT", arguments->layout, "a layout file")->required();
    options.add_option("STRUCT", arguments->structure, "print this structure; else a summary");
    options.add_flag("--json", arguments->is_json, "the same as a layout with nothing else in it");
    return [arguments] { return show(*arguments); };
}

}  // namespace defib::layouts
