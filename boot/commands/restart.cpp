// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib restart CORE`: what `defib checkpoint` took goes on, on this machine. What will not be as
// it was is named first, and what is in the way has to be allowed.
#include "boot/commands/restart.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "boot/restart/criu/images.h"
#include "boot/restart/restart.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

struct Arguments {
    std::string core;
    std::vector<std::string> allowed;
    std::string images;  // for CRIU; empty: it is started here
    bool is_strict = false;
    bool is_detached = false;
    bool only_looks = false;
    bool is_json = false;
};

bool is_in_the_way(const Finding& finding, const Arguments& arguments) {
    if (finding.weight == Weight::never) return true;
    if (finding.weight == Weight::note && !arguments.is_strict) return false;
    return std::ranges::find(arguments.allowed, finding.kind) == arguments.allowed.end();
}

const char* name_of(Weight weight) {
    switch (weight) {
        case Weight::note:
            return "note";
        case Weight::obstacle:
            return "obstacle";
        case Weight::never:
            return "never";
    }
    return "";
}

std::string line_of(const Finding& finding, const Arguments& arguments) {
    std::string line = finding.what;
    if (!is_in_the_way(finding, arguments))
        return finding.instead.empty() ? line : line + " -> " + finding.instead;
    if (finding.weight == Weight::never) return line + "; nothing helps";
    line += "; --allow " + finding.kind;
    return finding.instead.empty() ? line : line + ": " + finding.instead;
}

void print_as_json(const std::vector<Finding>& findings, const Arguments& arguments) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Finding& one : findings)
        all.push_back({{"weight", name_of(one.weight)},
                       {"kind", one.kind},
                       {"what", one.what},
                       {"instead", one.instead},
                       {"in_the_way", is_in_the_way(one, arguments)}});
    fmt::print("{}\n", all.dump(1));
}

// A series of cores writes into none that is read (boot/salvage/core_series.h).
UniqueFd lock(const std::string& core) {
    UniqueFd fd(open(core.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.is_open()) flock(fd.get(), LOCK_SH | LOCK_NB);
    return fd;
}

Result<int> write_for_criu(const SavedProcess& process, const Arguments& arguments) {
    const bool allows =
        std::ranges::find(arguments.allowed, "changed-files") != arguments.allowed.end();
    const auto written = criu::write_images(
        process, arguments.images, allows ? criu::Changed::allowed : criu::Changed::refused);
    if (!written) return std::unexpected(written.error());
    fmt::print(stderr, "defib: process {} is in {}; criu restore -D {} -d\n", process.pid,
               arguments.images, arguments.images);
    return DEFIB_EXIT_DONE;
}

Result<int> restart(const Arguments& arguments) {
    const UniqueFd locked = lock(arguments.core);
    const auto file = MappedFile::open(arguments.core);
    if (!file) return std::unexpected(file.error());
    const auto process = read_saved_process(file->bytes(), arguments.core);
    if (!process) return std::unexpected(process.error());
    const auto findings = arguments.images.empty() ? find_all(*process) : criu::find_all(*process);
    if (arguments.is_json) {
        print_as_json(findings, arguments);
    } else {
        for (const Finding& one : findings)
            fmt::print(stderr, "defib: {}\n", line_of(one, arguments));
    }
    const auto in_the_way = std::ranges::count_if(
        findings, [&](const Finding& one) { return is_in_the_way(one, arguments); });
    if (arguments.only_looks) return in_the_way == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
    if (in_the_way != 0)
        return fail(
            DEFIB_ERROR_BOOT_NOT_DONE, arguments.core,
            fmt::format("{} things cannot be as they were, and nothing was done", in_the_way),
            "allow their kinds, or restart it where they can");
    if (!arguments.images.empty()) return write_for_criu(*process, arguments);
    if (!arguments.is_detached) keep_signals();
    const auto started = start_again(*process);
    if (!started) return std::unexpected(started.error());
    if (arguments.is_detached) {
        fmt::print("{}\n", started->pid);
        return DEFIB_EXIT_DONE;
    }
    fmt::print(stderr, "defib: process {} goes on as {}\n", process->pid, started->pid);
    return accompany(started->pid);
}

std::string all_kinds() {
    std::string text = "let it go on without what is of this kind, or all:";
    for (const FindingKind& one : finding_kinds())
        text += fmt::format("\n  {}: {}", one.name, one.means);
    return text;
}

// "all" is every kind.
void check(std::vector<std::string>& allowed) {
    const auto kinds = finding_kinds();
    if (std::ranges::find(allowed, "all") != allowed.end())
        for (const FindingKind& one : kinds) allowed.emplace_back(one.name);
}

CLI::IsMember a_kind() {
    std::vector<std::string> names = {"all"};
    for (const FindingKind& one : finding_kinds()) names.emplace_back(one.name);
    return CLI::IsMember(names);
}

}  // namespace

Action declare_restart(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("core", arguments->core, "what defib checkpoint made")
        ->required()
        ->type_name("CORE");
    options.add_option("--allow", arguments->allowed, all_kinds())
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(a_kind())
        ->type_name("KIND");
    options.add_flag("--strict", arguments->is_strict, "what is only told is in the way, too");
    options.add_flag("--detach", arguments->is_detached,
                     "print its number and leave it; else what becomes of it becomes of this");
    options
        .add_option("--criu", arguments->images,
                    "start nothing, but write the images that criu restore takes into this "
                    "folder, which is made")
        ->type_name("FOLDER");
    options.add_flag("--check", arguments->only_looks, "say what would not be as it was, only");
    options.add_flag("--json", arguments->is_json, "say it as JSON");
    return [arguments] {
        check(arguments->allowed);
        return restart(*arguments);
    };
}

}  // namespace defib::boot
