// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/act_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "boot/commands/act_arguments.h"

namespace defib::boot {
namespace {

Result<Repair> as_not_done(Result<Repair> done) {
    if (!done) return fail(DEFIB_ERROR_BOOT_NOT_DONE, done.error().object, done.error().detail);
    return done;
}

}  // namespace

bool is_repair(const RoutineEntry& entry) {
    return entry.kind == "routine" && !entry.observer.empty();
}

std::string argument_names(const Manifest& manifest, const RoutineEntry& entry) {
    std::string text;
    for (const Argument& one : manifest.given_arguments(entry)) text += " " + one.name;
    return text;
}

Result<RepairRequest> request_repair(Session& session, const std::string& routine,
                                     const std::vector<std::string>& words) {
    const Manifest& manifest = session.manifest();
    const auto number = manifest.number_of(routine);
    if (!number || !is_repair(manifest.routines[*number])) {
        return fail(DEFIB_ERROR_BASE_USAGE, routine, "no such routine",
                    "`defib act --list` shows them");
    }
    auto named = read_words(words);
    if (!named) return std::unexpected(named.error());
    auto filled = fill_arguments(session, manifest.routines[*number], std::move(*named));
    if (!filled) return std::unexpected(filled.error());
    return RepairRequest{routine, std::move(filled->values), std::move(filled->about)};
}

Result<Repair> plan_repair(Session& session, const RepairRequest& request) {
    return as_not_done(plan_only(session, request.routine, request.values));
}

Result<Repair> carry_out_repair(Session& session, const RepairRequest& request,
                                std::chrono::milliseconds within) {
    return as_not_done(repair(session, request.routine, request.values, within));
}

bool is_a_plan(const Repair& repair) {
    return repair.outcome == DEFIB_OUTCOME_READ_ONLY || repair.outcome == DEFIB_OUTCOME_NO_CHANGE;
}

std::string field_name(const Session& session, uint32_t field) {
    const auto& fields = session.manifest().fields;
    return field < fields.size() ? fields[field] : fmt::format("field {}", field);
}

std::string routine_name(const Session& session, uint32_t routine) {
    const auto& routines = session.manifest().routines;
    return routine < routines.size() ? routines[routine].name : fmt::format("{}", routine);
}

std::vector<std::string> lines_of(const Session& session, const RepairRequest& request,
                                  const Repair& repair, Tense tense) {
    const bool is_asked = std::ranges::any_of(
        repair.ways, [](const DefibWayRecord& way) { return way.ask.kind != 0; });
    const char* what = repair.stores.empty() && is_asked
                           ? (tense == Tense::would ? "would ask the hook" : "asked the hook")
                       : repair.stores.empty() ? "nothing to store"
                       : tense == Tense::would ? "would store"
                                               : "stored";
    std::vector<std::string> lines = {fmt::format(
        "{}{}{}: {}", request.routine, request.about.empty() ? "" : " ", request.about, what)};
    for (const DefibWayRecord& way : repair.ways) {
        lines.push_back(fmt::format("  {}: {}", routine_name(session, way.routine), way_text(way)));
    }
    size_t name_width = 12;
    size_t field_width = 44;
    for (const DefibStoreRecord& store : repair.stores) {
        name_width = std::max(name_width, routine_name(session, store.routine).size());
        field_width = std::max(field_width, field_name(session, store.field).size());
    }
    if (!repair.stores.empty()) {
        lines.push_back(fmt::format("  {:<{}} {:<{}} {:>18} {:>5} {:>18} {:>18}", "ROUTINE",
                                    name_width, "FIELD", field_width, "ADDRESS", "BYTES", "OLD",
                                    "NEW"));
    }
    for (const DefibStoreRecord& store : repair.stores) {
        const bool is_missing = store.is_made == 0 && tense == Tense::did;
        lines.push_back(fmt::format(
            "  {:<{}} {:<{}} {:#18x} {:>5} {:#18x} {:#18x}{}", routine_name(session, store.routine),
            name_width, field_name(session, store.field), field_width, store.address, store.size,
            store.old_value, store.new_value, is_missing ? " not made" : ""));
    }
    for (const std::string& name : repair.taken_back) lines.push_back("taken back by " + name);
    return lines;
}

}  // namespace defib::boot
