// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/look.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "boot/find/witness.h"
#include "layouts/extract.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

Result<layouts::Layout> layout_of(const LookArguments& arguments) {
    if (!arguments.layout.empty()) {
        const auto file = MappedFile::open(arguments.layout);
        if (!file) return std::unexpected(file.error());
        return layouts::read_layout(as_text(file->bytes()), arguments.layout);
    }
    // The target's own memory holds its types and symbols; the path is what follows the kind.
    if (arguments.target == "host") {
        return fail(DEFIB_ERROR_BOOT_TARGET_NAME, "host", "its kernel's layout is needed",
                    "--layout FILE; make it with defib layout extract /boot/vmlinuz-...");
    }
    const size_t colon = arguments.target.find(':');
    if (colon == std::string::npos) {
        return fail(DEFIB_ERROR_BOOT_TARGET_NAME, arguments.target, {},
                    "write host, vm:FILE for a guest's RAM file, or core:FILE for a dump");
    }
    const auto manifest = read_manifest(routine_set().manifest, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    layouts::Wanted wanted = layouts::wanted_by_default();
    want(*manifest, wanted);
    want_witnesses(wanted);
    layouts::ExtractOptions options;
    options.selection = std::move(wanted);
    return layouts::extract_layout(arguments.target.substr(colon + 1), options);
}

}  // namespace

void declare_backend(CLI::App& options, BackendChoice& choice) {
    static const std::map<std::string, Backend> names = {
        {"auto", Backend::automatic}, {"cuda", Backend::cuda}, {"cpu", Backend::cpu}};
    options
        .add_option("--backend", choice.backend,
                    "who runs the engine: auto (the GPU where there is one that can), cuda, cpu")
        ->transform(CLI::Transformer(names).description(""))
        ->type_name("B");
    options.add_option("--gpu", choice.gpu, "which GPU, by UUID or PCI address; else the only one")
        ->type_name("ID");
}

void declare_look(CLI::App& options, LookArguments& arguments) {
    options
        .add_option("--target", arguments.target,
                    "host, this machine; vm:FILE, a guest's RAM file; core:FILE, a dump")
        ->required()
        ->type_name("T");
    options.add_option("--layout", arguments.layout, "the kernel's layout; else its memory tells")
        ->type_name("FILE");
    declare_backend(options, arguments.backend);
    options.add_flag("--json", arguments.is_json, "JSON instead of a table");
}

CLI::Option* declare_look_or_to(CLI::App& options, LookArguments& look, Elsewhere& elsewhere,
                                const char* what_the_key_is_for) {
    declare_look(options, look);
    options.remove_option(options.get_option("--json"));
    options.get_option("--target")->required(false);
    auto* to = options
                   .add_option("--to", elsewhere.to,
                               "a target that is guarded elsewhere: ADDRESS:PORT, or shm:FILE")
                   ->type_name("WHERE")
                   ->excludes("--target")
                   ->excludes("--layout");
    options.add_option("--key", elsewhere.key, what_the_key_is_for)->needs(to)->type_name("FILE");
    options
        .add_option("--deadline", elsewhere.deadline_ms,
                    "with --to: how long to wait for an answer")
        ->needs(to)
        ->type_name("MS");
    return to;
}

Result<void> one_target(const char* command, const LookArguments& look,
                        const Elsewhere& elsewhere) {
    if (elsewhere.to.empty() != look.target.empty()) return {};
    return fail(DEFIB_ERROR_BASE_USAGE, command, "one of --target and --to is needed");
}

Result<std::unique_ptr<Session>> open_session(const LookArguments& arguments, Access access) {
    auto layout = layout_of(arguments);
    if (!layout) return std::unexpected(layout.error());
    return open_session_with(std::move(*layout), arguments, access);
}

Result<std::unique_ptr<Session>> open_session_with(layouts::Layout layout,
                                                   const LookArguments& arguments, Access access) {
    SessionOptions options;
    options.target = arguments.target;
    options.layout = std::move(layout);
    options.access = access;
    options.backend = arguments.backend;
    return Session::start(std::move(options), routine_set());
}

}  // namespace defib::boot
