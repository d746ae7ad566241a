// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/act_shown.h"

#include <fmt/format.h>

#include "boot/commands/shown.h"

namespace defib::boot {

nlohmann::ordered_json repair_as_json(const Session& session, const RepairRequest& request,
                                      const Repair& repair, Tense tense) {
    auto json = json_of(session);
    json["routine"] = request.routine;
    if (!request.about.empty()) json["about"] = request.about;
    const auto number = session.manifest().number_of(request.routine).value_or(0);
    const auto names = session.manifest().given_arguments(session.manifest().routines[number]);
    for (size_t i = 0; i < names.size(); i++) json["arguments"][names[i].name] = request.values[i];
    json["dry_run"] = tense == Tense::would;
    json["stores"] = nlohmann::ordered_json::array();
    for (const DefibStoreRecord& store : repair.stores) {
        json["stores"].push_back({{"routine", routine_name(session, store.routine)},
                                  {"field", field_name(session, store.field)},
                                  {"address", fmt::format("{:#x}", store.address)},
                                  {"bytes", store.size},
                                  {"old", store.old_value},
                                  {"new", store.new_value},
                                  {"made", store.is_made != 0}});
    }
    json["ways"] = nlohmann::ordered_json::array();
    for (const DefibWayRecord& way : repair.ways) {
        json["ways"].push_back({{"routine", routine_name(session, way.routine)},
                                {"by_hook", way.way == DEFIB_WAY_HOOK},
                                {"request", way.ask.kind},
                                {"text", way_text(way)}});
    }
    json["taken_back_by"] = repair.taken_back;
    json["took_us"] = repair.took.count();
    const bool is_done = tense == Tense::would ? is_a_plan(repair) : repair.is_done();
    json["done"] = is_done;
    if (!is_done) json["reason"] = why_not(session, repair);
    return json;
}

}  // namespace defib::boot
