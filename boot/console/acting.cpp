// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/console/acting.h"

#include <fmt/format.h>

#include <algorithm>

namespace defib::boot::console {
namespace {

constexpr std::chrono::milliseconds DEADLINE{2000};

// A dialog is narrow: each store takes two lines.
std::vector<std::string> stores_of(const Session& session, const Repair& repair) {
    std::vector<std::string> lines;
    for (const DefibStoreRecord& store : repair.stores) {
        lines.push_back(fmt::format("{:<14} {}", routine_name(session, store.routine),
                                    field_name(session, store.field)));
        lines.push_back(fmt::format("{:<14} {:#x}, {} bytes: {:#x} -> {:#x}", "", store.address,
                                    store.size, store.old_value, store.new_value));
    }
    for (const std::string& name : repair.taken_back) lines.push_back("taken back by " + name);
    return lines;
}

Told told_of(const Error& error, std::string heading) {
    Told told{.heading = std::move(heading), .verdict = to_line(error)};
    told.is_to_retype = exit_status(error.code) == DEFIB_EXIT_USAGE;
    return told;
}

std::string heading_of(const RepairRequest& request) {
    return request.routine + (request.about.empty() ? "" : " " + request.about);
}

// What the process brings is there already; the rest is left to be typed.
std::string start_of(const Manifest& manifest, const RoutineEntry& entry) {
    constexpr std::string_view OF_PROCESS[] = {"task", "pid", "tgid", "start_ns", "cpu", "cgroup"};
    std::string start = entry.name;
    std::string rest;
    bool is_of_process = false;
    for (const Argument& one : manifest.given_arguments(entry)) {
        if (std::ranges::find(OF_PROCESS, one.name) != std::end(OF_PROCESS)) {
            is_of_process = true;
        } else {
            rest += " " + one.name + "=";
        }
    }
    return start + (is_of_process ? " %d" : "") + rest;
}

}  // namespace

Acting::Acting(Session& session, LookArguments arguments)
    : session_(session), arguments_(std::move(arguments)) {
    // One GPU does not run two engines well; and who acts by hand has a processor.
    arguments_.backend = {.backend = Backend::cpu};
}

std::vector<RepairRow> repairs_of(const Session& session) {
    const Manifest& manifest = session.manifest();
    std::vector<RepairRow> rows;
    for (size_t i = 0; i < manifest.routines.size(); i++) {
        const RoutineEntry& entry = manifest.routines[i];
        if (!is_repair(entry)) continue;
        rows.push_back({entry.name, entry.summary, start_of(manifest, entry),
                        session.bound().routines[i].why_off});
    }
    return rows;
}

Told Acting::plan(const std::vector<std::string>& words) {
    request_.reset();
    const std::string& routine = words.front();
    const auto request = request_repair(session_, routine, {words.begin() + 1, words.end()});
    if (!request) return told_of(request.error(), routine);
    const auto planned = plan_repair(session_, *request);
    if (!planned) return told_of(planned.error(), heading_of(*request));
    Told told{.heading = heading_of(*request) + ", the plan",
              .lines = stores_of(session_, *planned)};
    if (!is_a_plan(*planned)) {
        told.verdict = "it cannot be done: " + why_not(session_, *planned);
        return told;
    }
    if (planned->stores.empty()) told.lines.emplace_back("nothing to store");
    if (session_.target().kind() == TargetKind::core) {
        told.verdict = "this is a dump: nothing can be written to it";
        return told;
    }
    told.verdict = "y carries it out; any other key leaves it";
    told.is_well = true;
    request_ = *request;
    return told;
}

Told Acting::carry_out() {
    if (!request_) return {};
    const RepairRequest request = *request_;
    request_.reset();
    auto session = open_session_with(session_.layout(), arguments_, Access::act);
    if (!session) return told_of(session.error(), heading_of(request));
    // With the values of the plan that was shown: the routine finds out whether they still hold.
    const auto done = carry_out_repair(**session, request, DEADLINE);
    if (!done) return told_of(done.error(), heading_of(request));
    Told told{.heading = heading_of(request), .lines = stores_of(**session, *done)};
    told.is_well = done->is_done();
    told.verdict = told.is_well ? fmt::format("done: the effect is there after {:.1f} ms",
                                              static_cast<double>(done->took.count()) / 1000)
                                : "not done: " + why_not(**session, *done);
    return told;
}

}  // namespace defib::boot::console
