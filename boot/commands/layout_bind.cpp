// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/layout_bind.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "boot/binder/binding_file.h"
#include "boot/find/needs.h"
#include "boot/session/session.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

struct Arguments {
    std::string layout;
    std::string out;
};

Result<int> make(const Arguments& arguments) {
    const auto file = MappedFile::open(arguments.layout);
    if (!file) return std::unexpected(file.error());
    const auto layout = layouts::read_layout(as_text(file->bytes()), arguments.layout);
    if (!layout) return std::unexpected(layout.error());
    const std::string_view text = routine_set().manifest;
    const auto manifest = read_manifest(text, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    const auto answers = answers_of(*manifest, *layout);
    if (!answers) return std::unexpected(answers.error());
    layouts::Wanted to_find;
    want_to_find(to_find);
    const auto sources = BindingSources::of(as_bytes(text), file->bytes());
    const auto written =
        write_atomically(arguments.out, write_binding(sources, *layout, to_find, *answers));
    if (!written) return std::unexpected(written.error());
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_layout_bind(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("LAYOUT", arguments->layout, "a layout file")->required();
    options.add_option("-o,--out", arguments->out, "the binding, for an image")->required();
    return [arguments] { return make(*arguments); };
}

}  // namespace defib::boot
