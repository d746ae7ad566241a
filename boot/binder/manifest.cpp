// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/manifest.h"

#include <algorithm>

#include "engine/abi/engine.h"
#include "layouts/json_value.h"

namespace defib::boot {
namespace {

using layouts::JsonValue;

constexpr int64_t SCHEMA = 1;

// What is missing reads as empty or 0, and keys that are not known here are another reader's; but a
// value of the wrong type is an error, and so is a number that does not stand at its own place.
class ManifestReader {
  public:
    explicit ManifestReader(std::string_view object) : object_(object) {}

    Result<Manifest> read(const JsonValue& root) {
        Manifest manifest;
        if (number(root, "schema") != SCHEMA) complain("schema is not 1");
        manifest.architecture = text(root, "architecture");
        each(root, "slots", [&](const JsonValue& v) { read_slot(v, manifest.slots); });
        each(root, "fields",
             [&](const JsonValue& v) { manifest.fields.push_back(text(v, "path")); });
        each(root, "records", [&](const JsonValue& v) { read_record(v, manifest.records); });
        each(root, "routines", [&](const JsonValue& v) { read_routine(v, manifest.routines); });
        if (manifest.slots.size() > DEFIB_BINDING_SLOTS) complain("more slots than fit");
        if (manifest.routines.size() > DEFIB_ROUTINES) complain("more routines than fit");
        for (const RoutineEntry& routine : manifest.routines) {
            for (const uint64_t slot : routine.slots) {
                if (slot >= manifest.slots.size()) complain(routine.name + " has an unknown slot");
            }
            for (const std::string* other : {&routine.collector, &routine.then, &routine.observer,
                                             &routine.undo, &routine.hook}) {
                if (!other->empty() && !manifest.number_of(*other)) {
                    complain(routine.name + " names " + *other + ", which is not there");
                }
            }
        }
        if (!complaint_.empty()) {
            return fail(DEFIB_ERROR_BOOT_MANIFEST, std::string(object_), complaint_);
        }
        return manifest;
    }

  private:
    void complain(std::string what) {
        if (complaint_.empty()) complaint_ = std::move(what);
    }

    static const JsonValue* find(const JsonValue& value, std::string_view name) {
        const auto* object = value.get<JsonValue::Object>();
        if (object == nullptr) return nullptr;
        const auto found = std::ranges::find(*object, name, &layouts::JsonEntry::name);
        return found == object->end() ? nullptr : &found->value;
    }

    uint64_t number_in(const JsonValue& value, std::string_view name) {
        if (const auto* plain = value.get<uint64_t>()) return *plain;
        if (const auto* plain = value.get<int64_t>(); plain != nullptr && *plain >= 0) {
            return static_cast<uint64_t>(*plain);
        }
        complain(std::string(name) + " is no number");
        return 0;
    }
    uint64_t number(const JsonValue& value, std::string_view name) {
        const JsonValue* found = find(value, name);
        return found == nullptr ? 0 : number_in(*found, name);
    }
    std::string text_in(const JsonValue& value, std::string_view name) {
        if (const auto* plain = value.get<std::string>()) return *plain;
        complain(std::string(name) + " is no text");
        return {};
    }
    std::string text(const JsonValue& value, std::string_view name) {
        const JsonValue* found = find(value, name);
        return found == nullptr ? std::string() : text_in(*found, name);
    }
    bool truth(const JsonValue& value, std::string_view name) {
        const JsonValue* found = find(value, name);
        if (found == nullptr) return false;
        if (const auto* plain = found->get<bool>()) return *plain;
        complain(std::string(name) + " is neither true nor false");
        return false;
    }
    template <class Take>
    void each(const JsonValue& value, std::string_view name, Take take) {
        const JsonValue* found = find(value, name);
        if (found == nullptr) return;
        const auto* array = found->get<JsonValue::Array>();
        if (array == nullptr) return complain(std::string(name) + " is no list");
        for (const JsonValue& one : *array) take(one);
    }
    std::vector<uint64_t> numbers(const JsonValue& value, std::string_view name) {
        std::vector<uint64_t> all;
        each(value, name, [&](const JsonValue& one) { all.push_back(number_in(one, name)); });
        return all;
    }

    void read_slot(const JsonValue& value, std::vector<Slot>& slots) {
        Slot slot;
        slot.kind = text(value, "kind");
        slot.path = text(value, "path");
        each(value, "hops", [&](const JsonValue& hop) {
            const auto* pair = hop.get<JsonValue::Array>();
            if (pair == nullptr || pair->size() != 2) return complain("a hop is no pair");
            slot.hops.push_back({text_in((*pair)[0], "hop"), text_in((*pair)[1], "hop")});
        });
        slot.class_name = text(value, "class");
        slot.structure = text(value, "structure");
        slot.width = number(value, "width");
        slot.is_signed = truth(value, "signed");
        slot.element_width = number(value, "element_width");
        slot.array = numbers(value, "array");
        if (number(value, "slot") != slots.size()) complain("a slot is not at its place");
        if (slot.kind.empty() || slot.path.empty()) complain("a slot asks nothing");
        slots.push_back(std::move(slot));
    }

    void read_record(const JsonValue& value, std::vector<Record>& records) {
        Record record;
        record.kind = static_cast<uint32_t>(number(value, "kind"));
        record.name = text(value, "name");
        record.size = number(value, "size");
        records.push_back(std::move(record));
    }

    void read_routine(const JsonValue& value, std::vector<RoutineEntry>& routines) {
        RoutineEntry routine;
        routine.name = text(value, "name");
        routine.kind = text(value, "kind");
        routine.summary = text(value, "summary");
        routine.fuel = number(value, "fuel");
        routine.period_ms = number(value, "period_ms");
        routine.slots = numbers(value, "slots");
        routine.optional = numbers(value, "optional");
        routine.stores = numbers(value, "stores");
        each(value, "reads",
             [&](const JsonValue& read) { routine.reads.push_back(text(read, "path")); });
        routine.collector = text(value, "collector");
        routine.then = text(value, "then");
        routine.observer = text(value, "observer");
        routine.undo = text(value, "undo");
        routine.hook = text(value, "hook");
        routine.must_hold = text(value, "must_hold");
        routine.not_undone = text(value, "not_undone");
        each(value, "arguments", [&](const JsonValue& one) {
            routine.arguments.push_back(
                {text(one, "name"), text(one, "type"), number(one, "width"), truth(one, "signed")});
        });
        routine.first_argument = text(value, "first_argument");
        if (number(value, "number") != routines.size()) complain("a routine is not at its place");
        if (routine.name.empty()) complain("a routine has no name");
        routines.push_back(std::move(routine));
    }

    std::string_view object_;
    std::string complaint_;
};

}  // namespace

std::optional<uint32_t> Manifest::number_of(std::string_view routine) const {
    const auto found = std::ranges::find(routines, routine, &RoutineEntry::name);
    if (found == routines.end()) return std::nullopt;
    return static_cast<uint32_t>(found - routines.begin());
}

std::span<const Argument> Manifest::given_arguments(const RoutineEntry& routine) const {
    const std::span all(routine.arguments);
    return routine.collector.empty() || all.empty() ? all : all.subspan(1);
}

const Record* Manifest::record(uint32_t kind) const {
    const auto found = std::ranges::find(records, kind, &Record::kind);
    return found == records.end() ? nullptr : &*found;
}

Result<Manifest> read_manifest(std::string_view json, std::string_view object) {
    const auto root = layouts::parse_json(json, object);
    if (!root) return std::unexpected(root.error());
    if (root->get<JsonValue::Object>() == nullptr) {
        return fail(DEFIB_ERROR_BOOT_MANIFEST, std::string(object), "is no object");
    }
    return ManifestReader(object).read(*root);
}

}  // namespace defib::boot
