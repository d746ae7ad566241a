// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/dump.h"

#include <fmt/format.h>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "boot/commands/remote_dump.h"
#include "engine/base/file.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGES_A_MB = 256;

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

Result<DumpTaken> take_own_dump(const DumpArguments& arguments, const DumpProgressShown& shown) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    DumpTaken taken;
    taken.notes = take_notes(**session);
    const DumpOptions options{.output = arguments.output,
                              .level = arguments.level,
                              .resumes = arguments.resumes,
                              .notes = taken.notes.notes,
                              .on_progress = shown};
    const auto count =
        dump((*session)->target(), (*session)->kernel(), (*session)->layout(), options);
    if (!count) return std::unexpected(count.error());
    taken.count = *count;
    return taken;
}

// On a terminal only.
DumpProgressShown progress_on(bool is_terminal) {
    if (!is_terminal) return [](uint64_t, uint64_t) {};
    return [shown = uint64_t{101}](uint64_t bytes, uint64_t of) mutable {
        const uint64_t percent = of == 0 ? 100 : bytes / (of / 100 + 1);
        if (percent == std::exchange(shown, percent)) return;
        fmt::print(stderr, "\r{} %", percent);
    };
}

Result<void> check(const DumpArguments& arguments) {
    if (auto one = one_target("dump", arguments.look, arguments); !one) {
        return std::unexpected(one.error());
    }
    if (arguments.resumes && arguments.output == "-") {
        return fail(DEFIB_ERROR_BASE_USAGE, "--resume", "a stream cannot be gone on with",
                    "give a file");
    }
    if (arguments.output == "-" && ::isatty(STDOUT_FILENO) != 0) {
        return fail(DEFIB_ERROR_BASE_USAGE, "-o -", "memory is nothing for a terminal",
                    "send it into a pipe or a file");
    }
    return {};
}

}  // namespace

Result<int> take_dump(const DumpArguments& arguments) {
    if (auto good = check(arguments); !good) return std::unexpected(good.error());
    const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
    const auto progress = progress_on(shows_progress);
    const auto taken = arguments.to.empty() ? take_own_dump(arguments, progress)
                                            : take_remote_dump(arguments, progress);
    if (shows_progress) fmt::print(stderr, "\r     \r");
    if (!taken) return std::unexpected(taken.error());
    for (const Error& error : taken->notes.missing)
        fmt::print(stderr, "defib: the dump goes without a note: {}\n", to_line(error));
    if (arguments.output == "-") return DEFIB_EXIT_DONE;
    const std::string summary = arguments.output + ".txt";
    if (auto written = write_atomically(summary, taken->notes.summary); !written)
        return std::unexpected(written.error());
    const DumpCount& count = taken->count;
    fmt::print("{}: {} MB of RAM, {} kept{}{}\n{}: the summary\n", arguments.output,
               (count.pages + count.done_before) / PAGES_A_MB, count.kept / PAGES_A_MB,
               count.done_before == 0
                   ? ""
                   : fmt::format(", {} done before", count.done_before / PAGES_A_MB),
               what_was_left_out(count), summary);
    return DEFIB_EXIT_DONE;
}

void declare_dump_output(CLI::App& options, DumpArguments& arguments) {
    options.add_option("-o,--output", arguments.output, "the file to make; - for standard output")
        ->type_name("FILE");
    options
        .add_option("--level", arguments.level,
                    "what to leave out, a sum: 1 zero pages, 2 files without and 4 with private "
                    "data, 8 processes, 16 free pages; default 1")
        ->check(CLI::Range(0U, uint32_t{DUMP_LEVEL_MOST}))
        ->type_name("N");
    options.add_flag("--resume", arguments.resumes, "go on with FILE.unfinished");
}

Action declare_dump(CLI::App& options) {
    auto arguments = std::make_shared<DumpArguments>();
    declare_look_or_to(options, arguments->look, *arguments,
                       "with --to, where the guard asks for it");
    declare_dump_output(options, *arguments);
    options.get_option("--output")->required();
    return [arguments] { return take_dump(*arguments); };
}

}  // namespace defib::boot
