// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "boot/binder/layout_lookup.h"

namespace defib::boot {
namespace {

using layouts::Layout;
using layouts::LayoutMember;
using layouts::MemberKind;

// Elements of all dimensions; a flexible array has no bound.
std::optional<uint64_t> elements_of(const std::vector<uint64_t>& array) {
    uint64_t count = 1;
    for (const uint64_t dimension : array) {
        if (dimension == 0) return std::nullopt;
        count *= dimension;
    }
    return count;
}

uint64_t element_size(const LayoutMember& member) {
    const uint64_t count = elements_of(member.array).value_or(0);
    return count == 0 ? 0 : member.size / count;
}

// Whether the kernel's member is what the routine's source declared. Enumerations, characters and
// truth values are read as integers of their width; their sign is not declared by anybody.
Found<void> check_shape(const Slot& slot, const LayoutMember& member) {
    const auto differs = [&](std::string_view here, auto there, auto declared) {
        return std::unexpected(
            fmt::format("{}: {} {} here, {} in the routine", slot.path, here, there, declared));
    };
    if (slot.class_name.empty()) return {};
    if ((slot.class_name == "bit_field") != (member.bit_size != 0)) {
        return std::unexpected(
            slot.path + (member.bit_size != 0 ? ": a bit-field here" : ": no bit-field here"));
    }
    if (slot.class_name == "bit_field") return {};

    const bool is_pointer = member.kind == MemberKind::pointer;
    const bool is_structure =
        member.kind == MemberKind::structure || member.kind == MemberKind::union_type;
    if ((slot.class_name == "pointer") != is_pointer) {
        return std::unexpected(slot.path + (is_pointer ? ": a pointer here" : ": no pointer here"));
    }
    if ((slot.class_name == "structure") != is_structure) {
        return std::unexpected(slot.path +
                               (is_structure ? ": a structure here" : ": no structure here"));
    }
    if (slot.array.empty() != member.array.empty()) {
        return std::unexpected(slot.path +
                               (member.array.empty() ? ": no array here" : ": an array here"));
    }
    if (is_structure) {
        // What is reached through it is counted from its own start, with its own size.
        const bool is_same = slot.structure.empty() || member.target.empty() ||
                             member.target == slot.structure || member.type == slot.structure;
        return is_same ? Found<void>() : differs("is", member.target, slot.structure);
    }

    const uint64_t width = slot.array.empty() ? slot.width : slot.element_width;
    const uint64_t size = element_size(member);
    if (size != 0 && size != width) return differs("bytes wide:", size, width);
    const auto declared = elements_of(slot.array);
    const auto there = elements_of(member.array);
    if (declared && there && *declared > *there) return differs("elements:", *there, *declared);
    if (member.kind == MemberKind::integer && member.is_signed != slot.is_signed) {
        return differs("is", member.is_signed ? "signed" : "unsigned",
                       slot.is_signed ? "signed" : "unsigned");
    }
    return {};
}

class Binder {
  public:
    Binder(const Layout& layout, uint64_t text, const Scratch& scratch)
        : layout_(layout), text_(text), scratch_(scratch) {}

    Found<uint64_t> value_of(const Slot& slot) const {
        using Answer = Found<uint64_t> (Binder::*)(const Slot&) const;
        static const std::map<std::string_view, Answer> ANSWERS = {
            {"offset", &Binder::offset},
            {"size", &Binder::size},
            {"exists", &Binder::exists},
            {"enum", &Binder::enumerator},
            {"enum_exists", &Binder::enumerator_exists},
            {"constant", &Binder::constant},
            {"constant_exists", &Binder::constant_exists},
            {"symbol", &Binder::symbol},
            {"symbol_exists", &Binder::symbol_exists},
            {"symbol_stored", &Binder::stored_symbol},
            {"symbol_stored_per_cpu", &Binder::stored_symbol},
            {"bit_offset", &Binder::bit_offset},
            {"bit_width", &Binder::bit_width},
            {"scratch", &Binder::scratch},
        };
        const auto answer = ANSWERS.find(slot.kind);
        if (answer == ANSWERS.end()) return std::unexpected("a question of kind " + slot.kind);
        return (this->*answer->second)(slot);
    }

    // Whether the kernel has what is asked for, be it in another shape. A routine that can do
    // without a field cannot do with another one of its name.
    // The same name for another structure is a variant that the routine declares elsewhere:
    // mm_struct has had two kinds of `rss_stat`.
    bool has(const Slot& slot) const {
        if (slot.kind != "offset") return false;
        const auto place = find_place(layout_, slot.hops);
        if (!place) return false;
        const bool is_other = !slot.structure.empty() && place->member->target != slot.structure &&
                              place->member->type != slot.structure;
        return !is_other;
    }

  private:
    Found<uint64_t> offset(const Slot& slot) const {
        const auto place =
            slot.hops.empty() ? find_path(layout_, slot.path) : find_place(layout_, slot.hops);
        if (!place) return std::unexpected(place.error());
        if (auto shape = check_shape(slot, *place->member); !shape) {
            return std::unexpected(shape.error());
        }
        return place->offset;
    }

    Found<uint64_t> size(const Slot& slot) const {
        if (!slot.path.contains('.')) {
            const auto found = layout_.structs.find(std::string(plain_name(slot.path)));
            if (found == layout_.structs.end()) return std::unexpected(slot.path);
            return found->second.size;
        }
        const auto place = find_path(layout_, slot.path);
        if (!place) return std::unexpected(place.error());
        return place->member->size;
    }

    Found<uint64_t> exists(const Slot& slot) const {
        if (!slot.path.contains('.')) {
            return layout_.structs.contains(std::string(plain_name(slot.path))) ? 1 : 0;
        }
        return find_path(layout_, slot.path).has_value() ? 1 : 0;
    }

    Found<uint64_t> enumerator(const Slot& slot) const {
        const size_t dot = slot.path.find('.');
        const auto found = layout_.enums.find(slot.path.substr(0, dot));
        if (dot == std::string::npos || found == layout_.enums.end()) {
            return std::unexpected(slot.path);
        }
        const std::string name = slot.path.substr(dot + 1);
        for (const auto& [known, value] : found->second.values) {
            if (known == name) return static_cast<uint64_t>(value);
        }
        return std::unexpected(slot.path);
    }
    Found<uint64_t> enumerator_exists(const Slot& slot) const {
        return enumerator(slot).has_value() ? 1 : 0;
    }

    Found<uint64_t> constant(const Slot& slot) const {
        const auto found = layout_.constants.find(slot.path);
        if (found == layout_.constants.end()) return std::unexpected(slot.path);
        return static_cast<uint64_t>(found->second.value);
    }
    Found<uint64_t> constant_exists(const Slot& slot) const {
        return layout_.constants.contains(slot.path) ? 1 : 0;
    }

    Found<uint64_t> symbol(const Slot& slot) const {
        const auto found = layout_.symbols.find(slot.path);
        if (found == layout_.symbols.end()) return std::unexpected("symbol " + slot.path);
        const auto value = static_cast<uint64_t>(found->second.value);
        return found->second.is_absolute ? value : text_ + value;
    }
    // No layout has the type of a variable, but how far away the next one is.
    Found<uint64_t> stored_symbol(const Slot& slot) const {
        const auto value = symbol(slot);
        if (!value) return value;
        if (is_per_cpu(*value, slot.path) != (slot.kind == "symbol_stored_per_cpu")) {
            return std::unexpected(slot.path + ": " + (slot.kind == "symbol_stored" ? "a" : "no") +
                                   " per-CPU variable here");
        }
        uint64_t needed = slot.width;
        if (!slot.structure.empty()) {
            const auto structure = layout_.structs.find(std::string(plain_name(slot.structure)));
            needed = structure == layout_.structs.end() ? 0 : structure->second.size;
        }
        const uint64_t room = layout_.symbols.find(slot.path)->second.room;
        if (room == 0) {
            return std::unexpected(slot.path +
                                   ": how large it is; a layout made for these routines says so");
        }
        if (needed != 0 && needed <= room) return value;
        return std::unexpected(
            fmt::format("{}: room for {} bytes here, {} in the routine", slot.path, room, needed));
    }

    // By their place in the CPUs' area, or since 6.15 (9d7de2aa8b41) as addresses in a section.
    bool is_per_cpu(uint64_t value, const std::string& name) const {
        if (layout_.symbols.find(name)->second.is_absolute) return true;
        const auto start = layout_.symbols.find("__per_cpu_start");
        const auto end = layout_.symbols.find("__per_cpu_end");
        if (start == layout_.symbols.end() || end == layout_.symbols.end()) return false;
        const auto at = [&](const auto& symbol) {
            return text_ + static_cast<uint64_t>(symbol->second.value);
        };
        return !start->second.is_absolute && value >= at(start) && value < at(end);
    }

    Found<uint64_t> symbol_exists(const Slot& slot) const {
        return layout_.symbols.contains(slot.path) ? 1 : 0;
    }

    Found<uint64_t> bit_offset(const Slot& slot) const {
        return bits(slot, [](const LayoutMember& member) { return member.bit_offset; });
    }
    Found<uint64_t> bit_width(const Slot& slot) const {
        return bits(slot, [](const LayoutMember& member) { return member.bit_size; });
    }
    Found<uint64_t> bits(const Slot& slot, uint32_t (*part)(const LayoutMember&)) const {
        const auto place = find_path(layout_, slot.path);
        if (!place) return std::unexpected(place.error());
        if (place->member->bit_size == 0) return std::unexpected(slot.path + ": no bit-field here");
        return part(*place->member);
    }

    Found<uint64_t> scratch(const Slot& slot) const {
        if (scratch_.size == 0) return std::unexpected("this target offers no scratch memory");
        return slot.path == "size" ? scratch_.size : scratch_.address;
    }

    const Layout& layout_;
    uint64_t text_;
    Scratch scratch_;
};

// From the lowest to the highest field that the routine reads of its first argument's structure.
void span_picture(const RoutineEntry& entry, const Layout& layout, BoundRoutine& bound) {
    if (entry.first_argument.empty() || !entry.stores.empty()) return;
    const std::string prefix = entry.first_argument + ".";
    uint64_t first = ~uint64_t{0};
    uint64_t end = 0;
    for (const std::string& path : entry.reads) {
        if (!path.starts_with(prefix)) continue;
        const auto place = find_path(layout, path);
        if (!place) continue;  // an optional field
        first = std::min(first, place->offset);
        end = std::max(end, place->offset + place->member->size);
    }
    if (end <= first) return;
    bound.picture_offset = static_cast<uint32_t>(first);
    // What lies beyond is read where it is.
    bound.picture_size =
        static_cast<uint32_t>(std::min<uint64_t>(end - first, DEFIB_PICTURE_SIZE - 8));
}

// A repair whose next step, collector or observer is off would end half done, or unseen.
std::string what_it_lacks(const Manifest& manifest, const Bound& bound, const RoutineEntry& entry) {
    for (const std::string* name : {&entry.collector, &entry.then, &entry.observer}) {
        const auto number = manifest.number_of(*name);
        if (name->empty() || !number || bound.routines[*number].why_off.empty()) continue;
        return fmt::format("it needs {}, which is off: {}", *name, bound.routines[*number].why_off);
    }
    return {};
}

void join(const Manifest& manifest, Bound& bound) {
    const auto number = [&](const std::string& name) {
        return name.empty() ? DEFIB_NO_ROUTINE
                            : manifest.number_of(name).value_or(DEFIB_NO_ROUTINE);
    };
    for (size_t i = 0; i < bound.routines.size(); i++) {
        const RoutineEntry& entry = manifest.routines[i];
        DefibRoutine& routine = bound.routines[i].routine;
        routine.collector = number(entry.collector);
        routine.then = number(entry.then);
        routine.observer = number(entry.observer);
        routine.undo = number(entry.undo);
    }
    // What is off pulls along whoever needs it, and so on, at most along a whole chain.
    for (int link = 0; link <= DEFIB_CHAIN; link++) {
        for (size_t i = 0; i < bound.routines.size(); i++) {
            BoundRoutine& one = bound.routines[i];
            if (!one.why_off.empty()) continue;
            one.why_off = what_it_lacks(manifest, bound, manifest.routines[i]);
            if (!one.why_off.empty()) one.routine.state = DEFIB_ROUTINE_OFF;
        }
    }
}

}  // namespace

void want(const Manifest& manifest, layouts::Wanted& wanted) {
    for (const Slot& slot : manifest.slots) {
        for (const Hop& hop : slot.hops) {
            wanted.structs[std::string(plain_name(hop.type))].insert(hop.member);
        }
        const size_t dot = slot.path.find('.');
        const std::string first(plain_name(std::string_view(slot.path).substr(0, dot)));
        const std::string rest = dot == std::string::npos ? "" : slot.path.substr(dot + 1);
        if (slot.kind.starts_with("constant")) wanted.constants.insert(slot.path);
        if (slot.kind.starts_with("symbol")) wanted.symbols.insert(slot.path);
        if (slot.kind.starts_with("symbol_stored")) {
            wanted.stored_symbols.insert(slot.path);
            wanted.symbols.insert({"__per_cpu_start", "__per_cpu_end"});
            const std::string structure(plain_name(slot.structure));
            if (!structure.empty()) wanted.structs[structure];
        }
        if (slot.kind.starts_with("enum")) wanted.enums[first].insert(rest);
        const bool is_of_struct = slot.kind == "size" || slot.kind == "exists" ||
                                  slot.kind == "offset" || slot.kind.starts_with("bit_");
        if (!is_of_struct) continue;
        auto& members = wanted.structs[first];
        if (!rest.empty()) members.insert(rest.substr(0, rest.find('.')));
    }
}

Result<Bound> bind(const Manifest& manifest, const Layout& layout, uint64_t text,
                   const Scratch& scratch) {
    if (manifest.architecture != layout.kernel.architecture) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, layout.kernel.release,
                    fmt::format("the routines are for {}, the layout is of {}",
                                manifest.architecture, layout.kernel.architecture));
    }
    const Binder binder(layout, text, scratch);
    Bound bound;
    bound.binding.count = static_cast<uint32_t>(manifest.slots.size());
    std::vector<std::string> missing(manifest.slots.size());
    for (size_t i = 0; i < manifest.slots.size(); i++) {
        const auto value = binder.value_of(manifest.slots[i]);
        bound.binding.values[i] = value.value_or(DEFIB_BINDING_ABSENT);
        if (!value) missing[i] = value.error();
    }
    for (const RoutineEntry& entry : manifest.routines) {
        BoundRoutine one;
        for (const uint64_t slot : entry.slots) {
            if (missing[slot].empty() || !one.why_off.empty()) continue;
            const bool is_optional =
                std::ranges::find(entry.optional, slot) != entry.optional.end();
            if (is_optional && !binder.has(manifest.slots[slot])) continue;
            one.why_off = "this kernel has not: " + missing[slot];
        }
        one.routine.fuel = entry.fuel;
        if (one.why_off.empty()) {
            one.routine.state = entry.stores.empty() ? DEFIB_ROUTINE_READS : DEFIB_ROUTINE_STORES;
            span_picture(entry, layout, one);
        }
        bound.routines.push_back(std::move(one));
    }
    join(manifest, bound);
    return bound;
}

}  // namespace defib::boot
