// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The manifest as JSON: for the binder, for policy, and for whoever wants to know what a routine
// can do without reading it. Byte-identical for the same sources: keys are sorted, numbers are
// assigned in the order of the routines' names.
#include "engine/compiler/manifest.h"

#include <nlohmann/json.hpp>

namespace defib::compiler {

namespace {

using nlohmann::json;

template <class Key>
unsigned number_of(const Key& key, std::vector<Key>& all, std::map<Key, unsigned>& numbers) {
    const auto [place, is_new] = numbers.try_emplace(key, static_cast<unsigned>(all.size()));
    if (is_new) all.push_back(key);
    return place->second;
}

void put_shape(json& out, const Shape& shape) {
    if (shape.kind.empty()) return;
    // An array's address is used; its elements' width is what is read or stored.
    out["class"] = shape.kind;
    out["signed"] = shape.is_signed;
    if (!shape.structure.empty()) out["structure"] = shape.structure;
    if (shape.array.empty()) {
        out["width"] = shape.width;
    } else {
        out["width"] = 0;
        out["element_width"] = shape.width;
        out["array"] = shape.array;
    }
}

json to_json(const Slot& slot) {
    json out = {{"kind", slot.kind}, {"path", slot.path}};
    put_shape(out, slot.shape);
    for (const Hop& hop : slot.hops) out["hops"].push_back({hop.type, hop.member});
    return out;
}

json to_json(const Field& field) {
    json out = {{"path", field.path}};
    put_shape(out, field.shape);
    if (field.is_found) out["found"] = true;
    return out;
}

json to_json(const Record& record) {
    json out = {{"kind", record.kind}, {"name", record.name}, {"size", record.size}};
    for (const RecordField& field : record.fields) {
        json entry = {{"name", field.name},
                      {"offset", field.offset},
                      {"width", field.width},
                      {"class", field.kind},
                      {"signed", field.is_signed}};
        if (!field.array.empty()) entry["array"] = field.array;
        out["fields"].push_back(entry);
    }
    return out;
}

json to_json(const Argument& argument) {
    return {{"name", argument.name},
            {"type", argument.type},
            {"width", argument.width},
            {"signed", argument.is_signed}};
}

json to_json(const Routine& routine) {
    const Declaration& declared = routine.declaration;
    json out = {{"name", declared.name},       {"kind", declared.kind},
                {"summary", declared.summary}, {"file", declared.file},
                {"fuel", declared.fuel},       {"digest", "sha256:" + routine.digest},
                {"slots", routine.slots},      {"optional", routine.optional},
                {"stores", routine.stores},    {"records", routine.records},
                {"arguments", json::array()},  {"reads", json::array()},
                {"loops", json::array()}};
    for (const Argument& argument : routine.arguments)
        out["arguments"].push_back(to_json(argument));
    for (const Field& field : routine.reads) out["reads"].push_back(to_json(field));
    for (const LoopCost& loop : routine.loops)
        out["loops"].push_back({{"file", loop.file}, {"line", loop.line}, {"units", loop.units}});
    if (declared.period_ms != 0) out["period_ms"] = declared.period_ms;
    if (!declared.collector.empty()) out["collector"] = declared.collector;
    if (routine.memory_size != 0) out["memory"] = routine.memory_size;
    if (!declared.then.empty()) out["then"] = declared.then;
    if (!declared.observer.empty()) out["observer"] = declared.observer;
    if (!declared.undo.empty()) out["undo"] = declared.undo;
    if (!declared.must_hold.empty()) out["must_hold"] = declared.must_hold;
    if (!declared.not_undone.empty()) out["not_undone"] = declared.not_undone;
    if (!declared.hook.empty()) out["hook"] = declared.hook;
    if (declared.uses_scratch) out["uses_scratch"] = true;
    if (!routine.arguments.empty() && routine.arguments.front().type != "integer")
        out["first_argument"] = routine.arguments.front().type;
    return out;
}

}  // namespace

unsigned Manifest::slot(const Slot& slot) {
    return number_of(slot, slots_, slot_numbers_);
}

unsigned Manifest::field(const Field& field) {
    return number_of(field, fields_, field_numbers_);
}

bool Manifest::record(const Record& record) {
    const auto [place, is_new] = records_.try_emplace(record.kind, record);
    return is_new || place->second == record;
}

std::string to_json(const Manifest& manifest) {
    json out = {{"schema", 1},
                {"architecture", "x86_64"},
                {"slots", json::array()},
                {"fields", json::array()},
                {"records", json::array()},
                {"routines", json::array()}};
    for (const Slot& slot : manifest.slots()) {
        out["slots"].push_back(to_json(slot));
        out["slots"].back()["slot"] = out["slots"].size() - 1;
    }
    for (const Field& field : manifest.fields()) {
        out["fields"].push_back(to_json(field));
        out["fields"].back()["field"] = out["fields"].size() - 1;
    }
    for (const auto& [kind, record] : manifest.records()) out["records"].push_back(to_json(record));
    for (const Routine& routine : manifest.routines) {
        out["routines"].push_back(to_json(routine));
        out["routines"].back()["number"] = out["routines"].size() - 1;
    }
    return out.dump() + "\n";
}

}  // namespace defib::compiler
