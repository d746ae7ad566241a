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

// How the kernel keeps what an argument says, for routines that undo themselves.
struct Kept {
    std::string_view argument;
    std::string_view field;  // part of its name
    int64_t less;            // the kernel's value for an argument of 0
    uint64_t times;          // the argument's units in one of the kernel's, or
    uint64_t over;           // the kernel's in one of the argument's
};
constexpr Kept KEPT[] = {
    {"bytes", "", 0, 4096, 1},
    {"tasks", "", 0, 1, 1},
    {"limit", "", 0, 1, 1},
    {"value", "", 0, 1, 1},
    {"cpus", "cpus_mask", 0, 1, 1},
    {"nice", "static_prio", 120, 1, 1},  // DEFAULT_PRIO
    {"quota_us", "quota", 0, 1, 1000},
};

// The argument that stood there before; empty where the kernel's old value is none.
std::string value_before(const Session& session, const Repair& repair, std::string_view argument) {
    const auto* kept = std::ranges::find(KEPT, argument, &Kept::argument);
    if (kept == std::end(KEPT)) return {};
    const auto store = std::ranges::find_if(repair.stores, [&](const DefibStoreRecord& one) {
        return one.is_made != 0 && field_name(session, one.field).contains(kept->field);
    });
    if (store == repair.stores.end()) return {};
    const auto old = static_cast<int64_t>(store->old_value) - kept->less;
    const bool is_none = old < 0 && kept->less == 0;  // RUNTIME_INF, RLIM_INFINITY
    if (is_none) return {};
    return fmt::format(
        "{}",
        kept->less != 0 ? old : static_cast<int64_t>(store->old_value * kept->times / kept->over));
}

}  // namespace

std::string undo_of(const Session& session, const RepairRequest& request, const Repair& repair,
                    const std::vector<std::string>& words) {
    const Manifest& manifest = session.manifest();
    const auto number = manifest.number_of(request.routine);
    const auto undo = number ? manifest.number_of(manifest.routines[*number].undo) : std::nullopt;
    if (!undo || !is_repair(manifest.routines[*undo]) || repair.stores.empty()) return {};
    const auto takes = manifest.given_arguments(manifest.routines[*undo]);
    std::string text = manifest.routines[*undo].name;
    const bool is_itself = undo == number && !takes.empty();
    const std::string before =
        is_itself ? value_before(session, repair, takes.back().name) : std::string();
    if (is_itself && before.empty()) return {};
    for (const std::string& word : words) {
        const std::string name = word.substr(0, word.find('='));
        const bool is_value = is_itself && name == takes.back().name;
        const bool is_pid = !word.contains('=');
        if (!is_pid && std::ranges::find(takes, name, &Argument::name) == takes.end()) continue;
        text += is_value ? fmt::format(" {}={}", name, before) : " " + word;
    }
    return text;
}

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
