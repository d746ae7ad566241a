// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "boot/binder/layout_lookup.h"
#include "engine/abi/engine.h"

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

class Questions {
  public:
    explicit Questions(const Layout& layout) : layout_(layout) {}

    Found<SlotAnswer> answer(const Slot& slot) const {
        if (slot.kind == "scratch") {
            return SlotAnswer{slot.path == "size" ? AnswerKind::scratch_size
                                                  : AnswerKind::scratch_address};
        }
        if (slot.kind == "symbol") return symbol(slot);
        if (slot.kind.starts_with("symbol_stored")) return stored_symbol(slot);
        const auto value = value_of(slot);
        if (!value) return std::unexpected(value.error());
        return SlotAnswer{AnswerKind::value, *value};
    }

    Found<uint64_t> value_of(const Slot& slot) const {
        using Answer = Found<uint64_t> (Questions::*)(const Slot&) const;
        static const std::map<std::string_view, Answer> ANSWERS = {
            {"offset", &Questions::offset},
            {"size", &Questions::size},
            {"exists", &Questions::exists},
            {"enum", &Questions::enumerator},
            {"enum_exists", &Questions::enumerator_exists},
            {"constant", &Questions::constant},
            {"constant_exists", &Questions::constant_exists},
            {"symbol_exists", &Questions::symbol_exists},
            {"bit_offset", &Questions::bit_offset},
            {"bit_width", &Questions::bit_width},
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

    // Where _text is, is known once a kernel runs.
    Found<SlotAnswer> symbol(const Slot& slot) const {
        const auto found = layout_.symbols.find(slot.path);
        if (found == layout_.symbols.end()) return std::unexpected("symbol " + slot.path);
        return SlotAnswer{found->second.is_absolute ? AnswerKind::value : AnswerKind::from_text,
                          static_cast<uint64_t>(found->second.value)};
    }
    // No layout has the type of a variable, but how far away the next one is.
    Found<SlotAnswer> stored_symbol(const Slot& slot) const {
        const auto place = symbol(slot);
        if (!place) return place;
        if (is_per_cpu(slot.path) != (slot.kind == "symbol_stored_per_cpu")) {
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
        if (needed != 0 && needed <= room) return place;
        return std::unexpected(
            fmt::format("{}: room for {} bytes here, {} in the routine", slot.path, room, needed));
    }

    // By their place in the CPUs' area, or since 6.15 (9d7de2aa8b41) as addresses in a section.
    bool is_per_cpu(const std::string& name) const {
        const layouts::LayoutSymbol& symbol = layout_.symbols.find(name)->second;
        if (symbol.is_absolute) return true;
        const auto start = layout_.symbols.find("__per_cpu_start");
        const auto end = layout_.symbols.find("__per_cpu_end");
        if (start == layout_.symbols.end() || end == layout_.symbols.end()) return false;
        return !start->second.is_absolute && symbol.value >= start->second.value &&
               symbol.value < end->second.value;
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

    const Layout& layout_;
};

// From the lowest to the highest field that the routine reads of its first argument's structure.
Picture span_picture(const RoutineEntry& entry, const Layout& layout) {
    if (entry.first_argument.empty() || !entry.stores.empty()) return {};
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
    if (end <= first) return {};
    // What lies beyond is read where it is.
    return {static_cast<uint32_t>(first),
            static_cast<uint32_t>(std::min<uint64_t>(end - first, DEFIB_PICTURE_SIZE - 8))};
}

}  // namespace

Result<Answers> answers_of(const Manifest& manifest, const Layout& layout) {
    if (manifest.architecture != layout.kernel.architecture) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, layout.kernel.release,
                    fmt::format("the routines are for {}, the layout is of {}",
                                manifest.architecture, layout.kernel.architecture));
    }
    const Questions questions(layout);
    Answers answers;
    for (const Slot& slot : manifest.slots) {
        auto answer = questions.answer(slot);
        if (!answer) {
            const auto kind = questions.has(slot) ? AnswerKind::other : AnswerKind::absent;
            answer = SlotAnswer{kind, DEFIB_BINDING_ABSENT, answer.error()};
        }
        answers.slots.push_back(std::move(*answer));
    }
    for (const RoutineEntry& entry : manifest.routines) {
        answers.pictures.push_back(span_picture(entry, layout));
    }
    return answers;
}

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

}  // namespace defib::boot
