// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/commands/export.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/base/file.h"
#include "layouts/isf.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

struct Arguments {
    std::string layout;
    std::string output;
    bool is_isf = false;
};

Result<int> export_layout(const Arguments& arguments) {
    if (!arguments.is_isf) {
        return fail(DEFIB_ERROR_BASE_USAGE, arguments.layout, "which form?",
                    "give --isf for Volatility 3's");
    }
    const auto file = MappedFile::open(arguments.layout);
    if (!file) return std::unexpected(file.error());
    const auto layout = read_layout(as_text(file->bytes()), arguments.layout);
    if (!layout) return std::unexpected(layout.error());
    const auto text = to_isf(*layout, arguments.layout);
    if (!text) return std::unexpected(text.error());
    if (arguments.output.empty()) {
        std::fwrite(text->data(), 1, text->size(), stdout);  // the frame reports what is lost
        return DEFIB_EXIT_DONE;
    }
    if (auto written = write_atomically(arguments.output, *text); !written) {
        return std::unexpected(written.error());
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_export(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options
        .add_option("LAYOUT", arguments->layout,
                    "a layout file; one made with --full serves all of Volatility's plugins")
        ->required();
    options.add_flag("--isf", arguments->is_isf, "the symbol file of Volatility 3, format 6.2.0");
    options.add_option("-o,--output", arguments->output, "write to FILE, whole or not at all")
        ->type_name("FILE");
    return [arguments] { return export_layout(*arguments); };
}

}  // namespace defib::layouts
