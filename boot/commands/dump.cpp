// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/dump.h"

#include <fmt/format.h>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "boot/commands/dump_notes.h"
#include "boot/commands/look.h"
#include "boot/salvage/dump.h"
#include "engine/base/file.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGES_A_MB = 256;

struct Arguments {
    LookArguments look;
    std::string output;
    uint32_t level = DUMP_WITHOUT_ZERO;
    bool resumes = false;
};

std::string what_was_left_out(const DumpCount& count) {
    std::string text;
    const auto add = [&](uint64_t pages, const char* what) {
        if (pages != 0)
            text += fmt::format("{}{} {}", text.empty() ? "; left out, in MB: " : ", ",
                                pages / PAGES_A_MB, what);
    };
    add(count.untouched, "never touched");
    add(count.zero, "zero");
    add(count.cache, "of files");
    add(count.user, "of processes");
    add(count.free, "free");
    return text;
}

Result<int> take_dump(const Arguments& arguments) {
    if (arguments.resumes && arguments.output == "-") {
        return fail(DEFIB_ERROR_BASE_USAGE, "--resume", "a stream cannot be gone on with",
                    "give a file");
    }
    if (arguments.output == "-" && ::isatty(STDOUT_FILENO) != 0) {
        return fail(DEFIB_ERROR_BASE_USAGE, "-o -", "memory is nothing for a terminal",
                    "send it into a pipe or a file");
    }
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    const DumpNotes notes = take_notes(**session);
    for (const Error& error : notes.missing)
        fmt::print(stderr, "defib: the dump goes without a note: {}\n", to_line(error));

    DumpOptions options{.output = arguments.output,
                        .level = arguments.level,
                        .resumes = arguments.resumes,
                        .notes = notes.notes};
    const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
    uint64_t shown = 101;
    if (shows_progress) {
        options.on_progress = [&](uint64_t bytes, uint64_t of) {
            const uint64_t percent = of == 0 ? 100 : bytes / (of / 100 + 1);
            if (percent == std::exchange(shown, percent)) return;
            fmt::print(stderr, "\r{} %", percent);
        };
    }
    const auto count =
        dump((*session)->target(), (*session)->kernel(), (*session)->layout(), options);
    if (shows_progress) fmt::print(stderr, "\r     \r");
    if (!count) return std::unexpected(count.error());
    if (arguments.output == "-") return DEFIB_EXIT_DONE;
    const std::string summary = arguments.output + ".txt";
    if (auto written = write_atomically(summary, notes.summary); !written)
        return std::unexpected(written.error());
    fmt::print("{}: {} MB of RAM, {} kept{}{}\n{}: the summary\n", arguments.output,
               (count->pages + count->done_before) / PAGES_A_MB, count->kept / PAGES_A_MB,
               count->done_before == 0
                   ? ""
                   : fmt::format(", {} done before", count->done_before / PAGES_A_MB),
               what_was_left_out(*count), summary);
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_dump(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.remove_option(options.get_option("--json"));
    options.add_option("-o,--output", arguments->output, "the file to make; - for standard output")
        ->required()
        ->type_name("FILE");
    options
        .add_option("--level", arguments->level,
                    "what to leave out, a sum: 1 zero pages, 2 files without and 4 with private "
                    "data, 8 processes, 16 free pages; default 1")
        ->check(CLI::Range(0U, uint32_t{DUMP_LEVEL_MOST}))
        ->type_name("N");
    options.add_flag("--resume", arguments->resumes, "go on with FILE.unfinished");
    return [arguments] { return take_dump(*arguments); };
}

}  // namespace defib::boot
