// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/commands/extract.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "engine/base/file.h"
#include "layouts/extract.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

struct Arguments {
    std::string input;
    std::string output;
    std::string base;
    std::string types = "any";
    std::vector<std::string> headers;
    bool is_full = false;
    unsigned threads = 0;
};

Result<int> extract_folder(const Arguments& arguments, const ExtractOptions& options) {
    if (arguments.output.empty()) {
        return fail(DEFIB_ERROR_BASE_USAGE, arguments.input, "a folder of packages",
                    "name a folder for the layouts with -o");
    }
    const auto packages = packages_in(arguments.input);
    if (!packages) return std::unexpected(packages.error());
    std::error_code error;
    std::filesystem::create_directories(arguments.output, error);
    if (error) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, arguments.output, error.message());
    }
    size_t ready = 0;
    const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
    const auto done = [&](const std::filesystem::path& package,
                          const Result<std::filesystem::path>& result) {
        ++ready;
        if (!result) {
            std::fprintf(stderr, "defib: %s\n", to_line(result.error()).c_str());
        } else if (shows_progress) {
            std::fprintf(stderr, "%zu/%zu %s -> %s\n", ready, packages->size(),
                         package.filename().c_str(), result->c_str());
        }
    };
    const size_t failed = extract_packages(*packages, arguments.output, options, done);
    return failed == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_INPUT;  // each has had its line
}

Result<int> extract(const Arguments& arguments) {
    ExtractOptions options;
    options.selection =
        arguments.is_full ? Selection(Everything{}) : Selection(wanted_by_default());
    options.headers.assign(arguments.headers.begin(), arguments.headers.end());
    options.read.base = arguments.base;
    options.read.threads = arguments.threads;
    if (arguments.types == "btf") options.read.types = TypeSource::btf;
    if (arguments.types == "dwarf") options.read.types = TypeSource::dwarf;

    std::error_code ignored;
    if (std::filesystem::is_directory(arguments.input, ignored)) {
        return extract_folder(arguments, options);
    }
    const auto layout = extract_layout(arguments.input, options);
    if (!layout) return std::unexpected(layout.error());
    const std::string text = to_json(*layout);
    if (arguments.output.empty()) {
        std::fwrite(text.data(), 1, text.size(), stdout);  // the frame reports what does not arrive
        return DEFIB_EXIT_DONE;
    }
    if (auto written = write_atomically(arguments.output, text); !written) {
        return std::unexpected(written.error());
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_extract(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options
        .add_option("INPUT", arguments->input,
                    "vmlinuz, vmlinux, raw BTF, a module, a linux-image package or a folder of "
                    "them, a RAM file or a vmcore; known by its content")
        ->required();
    options
        .add_option("-o,--output", arguments->output,
                    "write to FILE, whole or not at all; for a folder: the folder to write to")
        ->type_name("FILE");
    options.add_flag("--full", arguments->is_full,
                     "everything that the types hold, not only what detectors and routines need");
    options
        .add_option("--headers", arguments->headers,
                    "the kernel's own headers, for the constants that no types hold: folders or "
                    "linux-headers packages")
        ->type_name("DIR|DEB");
    options
        .add_option("--base", arguments->base, "the kernel whose types a module's BTF continues")
        ->type_name("FILE");
    options.add_option("--types", arguments->types, "where an ELF file has both")
        ->check(CLI::IsMember({"any", "btf", "dwarf"}))
        ->capture_default_str();
    options.add_option("--threads", arguments->threads,
                       "0: one for each CPU; the layout is the same for any number");
    return [arguments] { return extract(*arguments); };
}

}  // namespace defib::layouts
