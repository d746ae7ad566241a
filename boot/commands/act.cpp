// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib act NAME ...`: one repair by hand. What a policy would decide, a person decides here; the
// routine looks as hard at what it is given as it does for a policy.
#include "boot/commands/act.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "boot/commands/act_request.h"
#include "boot/commands/act_shown.h"
#include "boot/commands/look.h"

namespace defib::boot {
namespace {

struct Arguments {
    LookArguments look;
    std::string routine;
    std::vector<std::string> words;
    uint32_t deadline_ms = 2000;
    bool is_dry_run = false;
    bool is_list = false;
};

// -- The list ------------------------------------------------------------------------------------

// What it stores to, each once.
std::vector<std::string> fields_of(const Manifest& manifest, const RoutineEntry& entry) {
    std::vector<std::string> fields;
    for (const uint64_t number : entry.stores) {
        if (number >= manifest.fields.size()) continue;
        const std::string& field = manifest.fields[number];
        if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
    }
    return fields;
}

// For people: parts of repairs are not theirs to use.
std::string undone_by(const Manifest& manifest, const RoutineEntry& entry) {
    if (entry.undo == entry.name) return "itself, with what was there before";
    const auto number = manifest.number_of(entry.undo);
    return number && is_repair(manifest.routines[*number]) ? entry.undo : "";
}

// With a target also what its kernel cannot do, and why.
Result<int> list(const Arguments& arguments) {
    const auto manifest = read_manifest(routine_set().manifest, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    std::unique_ptr<Session> session;
    if (!arguments.look.target.empty()) {
        auto opened = open_session(arguments.look);
        if (!opened) return std::unexpected(opened.error());
        session = std::move(*opened);
    }
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (size_t i = 0; i < manifest->routines.size(); i++) {
        const RoutineEntry& entry = manifest->routines[i];
        if (!is_repair(entry)) continue;
        const std::string why_off = session ? session->bound().routines[i].why_off : "";
        const auto writes = fields_of(*manifest, entry);
        if (arguments.look.is_json) {
            nlohmann::ordered_json one = {{"name", entry.name}, {"summary", entry.summary}};
            one["arguments"] = nlohmann::ordered_json::array();
            for (const Argument& argument : manifest->given_arguments(entry)) {
                one["arguments"].push_back(argument.name);
            }
            for (const auto& [key, value] : {std::pair{"then", &entry.then},
                                             {"must_hold", &entry.must_hold},
                                             {"observed_by", &entry.observer},
                                             {"undone_by", &entry.undo},
                                             {"not_undone", &entry.not_undone}}) {
                if (!value->empty()) one[key] = *value;
            }
            one["writes"] = writes;
            if (session) one["off"] = why_off;
            json.push_back(std::move(one));
            continue;
        }
        fmt::print("{}: {}\n    takes{}\n", entry.name, entry.summary,
                   argument_names(*manifest, entry));
        if (!writes.empty()) fmt::print("    writes {}\n", fmt::join(writes, ", "));
        if (!entry.must_hold.empty()) fmt::print("    needs {}\n", entry.must_hold);
        if (!entry.not_undone.empty()) fmt::print("    not undone: {}\n", entry.not_undone);
        if (const std::string undo = undone_by(*manifest, entry); !undo.empty()) {
            fmt::print("    undone by {}\n", undo);
        }
        if (!why_off.empty()) fmt::print("    off: {}\n", why_off);
    }
    if (arguments.look.is_json) print_json(json);
    return DEFIB_EXIT_DONE;
}

// -- The repair ----------------------------------------------------------------------------------

Result<int> carry_out(const Arguments& arguments) {
    auto session = open_session(arguments.look, arguments.is_dry_run ? Access::look : Access::act);
    if (!session) return std::unexpected(session.error());
    const auto request = request_repair(**session, arguments.routine, arguments.words);
    if (!request) return std::unexpected(request.error());
    const auto done = arguments.is_dry_run
                          ? plan_repair(**session, *request)
                          : carry_out_repair(**session, *request,
                                             std::chrono::milliseconds(arguments.deadline_ms));
    if (!done) return std::unexpected(done.error());
    const bool is_done = arguments.is_dry_run ? is_a_plan(*done) : done->is_done();
    if (arguments.look.is_json) {
        print_json(repair_as_json(**session, *request, *done,
                                  arguments.is_dry_run ? Tense::would : Tense::did));
        return is_done ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
    }
    const Tense tense = arguments.is_dry_run ? Tense::would : Tense::did;
    for (const std::string& line : lines_of(**session, *request, *done, tense)) {
        fmt::print("{}\n", line);
    }
    if (!is_done) {
        return fail(DEFIB_ERROR_BOOT_NOT_DONE, arguments.routine, why_not(**session, *done));
    }
    if (!arguments.is_dry_run) {
        fmt::print("done: the effect is there after {:.1f} ms\n",
                   static_cast<double>(done->took.count()) / 1000);
        const std::string undo = undo_of(**session, *request, *done, arguments.words);
        if (!undo.empty()) fmt::print("to undo: defib act {}\n", undo);
    }
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_act(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    auto* target = options.get_option("--target");
    target->required(false);
    options.add_option("routine", arguments->routine, "which repair")->type_name("NAME");
    options
        .add_option("arguments", arguments->words,
                    "a PID, which says task, start time and the like; others as name=value")
        ->type_name("PID|NAME=VALUE");
    options.add_option("--deadline", arguments->deadline_ms, "how long to wait for the effect")
        ->type_name("MS");
    options.add_flag("--dry-run", arguments->is_dry_run, "show the plan, write nothing");
    options.add_flag("--list", arguments->is_list, "show the repairs there are");
    return [arguments]() -> Result<int> {
        if (arguments->is_list) return list(*arguments);
        if (arguments->routine.empty() || arguments->look.target.empty()) {
            return fail(DEFIB_ERROR_BASE_USAGE, "act", "a routine and --target are needed",
                        "`defib act --list` shows the routines");
        }
        return carry_out(*arguments);
    };
}

}  // namespace defib::boot
