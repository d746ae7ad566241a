// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/dwarf/type_merger.h"

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/xxhash.h>

#include <algorithm>
#include <map>
#include <string>

namespace defib::layouts {
namespace {

constexpr Signature IN_PROGRESS = 1;

uint64_t hash_of(std::string_view text) {
    return llvm::xxh3_64bits(llvm::StringRef(text.data(), text.size()));
}

// Order matters, and so does every bit (the finaliser of MurmurHash3).
uint64_t mix(uint64_t seed, uint64_t value) {
    uint64_t h = seed ^ (value + 0x9e3779b97f4a7c15U + (seed << 6) + (seed >> 2));
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdU;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53U;
    return h ^ (h >> 33);
}

Signature start(const MergedType& type) {
    uint64_t h = mix(static_cast<uint64_t>(type.kind), static_cast<uint64_t>(type.encoding));
    h = mix(h, type.is_reference ? 1 : 0);
    h = mix(h, hash_of(type.name));
    h = mix(h, type.target);
    h = mix(h, type.size);
    return mix(h, type.count);
}

// Of a type, 0 and 1 are taken.
Signature finished(uint64_t hash) {
    return hash <= IN_PROGRESS ? hash + 2 : hash;
}

bool is_named_whole(const UnitType& type) {
    if (type.name.empty()) return false;
    switch (type.kind) {
        case TypeKind::structure:
        case TypeKind::union_type:
        case TypeKind::enumeration:
        case TypeKind::forward:
        case TypeKind::alias:
            return true;
        default:
            return false;
    }
}

}  // namespace

uint32_t SignatureMap::find_or_add(Signature signature, uint32_t otherwise) {
    if (used_ * 2 > slots_.size()) grow();
    for (size_t i = signature & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
        Slot& slot = slots_[i];
        if (slot.signature == signature) return slot.index;
        if (slot.signature != 0) continue;
        slot = {signature, otherwise};
        ++used_;
        return otherwise;
    }
}

const uint32_t* SignatureMap::find(Signature signature) const {
    for (size_t i = signature & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
        const Slot& slot = slots_[i];
        if (slot.signature == signature) return &slot.index;
        if (slot.signature == 0) return nullptr;
    }
}

void SignatureMap::grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    used_ = 0;
    for (const Slot& slot : old) {
        if (slot.signature != 0) find_or_add(slot.signature, slot.index);
    }
}

uint64_t TypeMerger::place_of(uint32_t index, By by) const {
    return (uint64_t{number_} << 32) | (uint64_t{index} << 1) | (by == By::name ? 1 : 0);
}

Signature TypeMerger::keep(MergedType merged, Signature signature) {
    const auto next = static_cast<uint32_t>(types_.size());
    const uint32_t index = known_.find_or_add(signature, next);
    if (index == next) {
        types_.push_back(merged);
        signatures_.push_back(signature);
        return signature;
    }
    types_[index].place = std::min(types_[index].place, merged.place);
    if (merged.is_reference) return signature;
    // Its parts were put at the end of the lists, and are there already.
    if (merged.kind == TypeKind::structure || merged.kind == TypeKind::union_type) {
        members_.resize(merged.first);
    } else if (merged.kind == TypeKind::enumeration) {
        enumerators_.resize(merged.first);
    }
    return signature;
}

Signature TypeMerger::sign_reference(const UnitType& type, uint64_t place) {
    MergedType merged;
    merged.kind = type.kind;
    if (type.kind == TypeKind::forward) {
        merged.kind = type.is_union ? TypeKind::union_type : TypeKind::structure;
    }
    merged.is_reference = true;
    merged.name = type.name;
    merged.place = place;
    return keep(merged, finished(start(merged)));
}

Result<Signature> TypeMerger::sign(uint32_t index, By by, uint32_t depth) {
    if (index == NO_TYPE) return VOID_SIGNATURE;
    Signature& done = done_[static_cast<size_t>(by)][index];
    if (done > IN_PROGRESS) {
        return done;
    }
    if (done == IN_PROGRESS || depth > MAX_NESTING) {
        return fail(DEFIB_ERROR_LAYOUT_MALFORMED, std::string(object_),
                    done == IN_PROGRESS ? "a type in its DWARF contains itself"
                                        : "a type in its DWARF is nested too deep");
    }
    done = IN_PROGRESS;
    const auto signature = sign_plain(index, by, depth);
    if (!signature) return signature;
    done = *signature;
    return done;
}

Result<Signature> TypeMerger::sign_plain(uint32_t index, By by, uint32_t depth) {
    const UnitType& type = unit_->types[index];
    const uint64_t place = place_of(index, by);
    if (by == By::name && is_named_whole(type)) return sign_reference(type, place);
    if (type.kind == TypeKind::forward) return sign_reference(type, place);
    if (type.kind == TypeKind::array) return sign_array(type, by, index, depth);

    MergedType merged;
    merged.kind = type.kind;
    merged.encoding = type.encoding;
    merged.name = type.name;
    merged.size = type.size;
    merged.place = place;
    switch (type.kind) {
        case TypeKind::structure:
        case TypeKind::union_type:
            return sign_members(type, merged, depth);
        case TypeKind::enumeration: {
            if (merged.encoding == Encoding::none) merged.encoding = Encoding::is_unsigned;
            merged.first = static_cast<uint32_t>(enumerators_.size());
            merged.length = type.length;
            uint64_t h = start(merged);
            for (uint32_t i = type.first; i < type.first + type.length; ++i) {
                const Enumerator& enumerator = unit_->enumerators[i];
                h = mix(mix(h, hash_of(enumerator.name)), static_cast<uint64_t>(enumerator.value));
                enumerators_.push_back(enumerator);
            }
            return keep(merged, finished(h));
        }
        default:
            break;
    }
    const bool is_behind = type.kind == TypeKind::pointer || type.kind == TypeKind::function;
    const auto target = sign(type.target, is_behind ? By::name : by, depth + 1);
    if (!target) return target;
    merged.target = *target;
    return keep(merged, finished(start(merged)));
}

Result<Signature> TypeMerger::sign_members(const UnitType& type, MergedType& merged,
                                           uint32_t depth) {
    // First the parts' own signatures, which may add parts of their own to the lists.
    uint64_t h = start(merged);
    for (uint32_t i = type.first; i < type.first + type.length; ++i) {
        const UnitMember& member = unit_->members[i];
        const auto signature = sign(member.type, By::value, depth + 1);
        if (!signature) return signature;
        h = mix(mix(h, hash_of(member.name)), *signature);
        h = mix(mix(h, member.bit_offset), member.bit_size);
    }
    const Signature signature = finished(h);
    merged.first = static_cast<uint32_t>(members_.size());
    merged.length = type.length;
    if (known_.find(signature) == nullptr) {
        for (uint32_t i = type.first; i < type.first + type.length; ++i) {
            const UnitMember& member = unit_->members[i];
            const Signature part = member.type == NO_TYPE
                                       ? VOID_SIGNATURE
                                       : done_[static_cast<size_t>(By::value)][member.type];
            members_.push_back({member.name, part, member.bit_size, member.bit_offset});
        }
    }
    return keep(merged, signature);
}

Result<Signature> TypeMerger::sign_array(const UnitType& type, By by, uint32_t index,
                                         uint32_t depth) {
    auto element = sign(type.target, by, depth + 1);
    if (!element) return element;
    // int x[2][3]: an array of two arrays of three.
    Signature signature = *element;
    for (uint32_t i = type.first + type.length; i-- > type.first;) {
        MergedType merged;
        merged.kind = TypeKind::array;
        merged.target = signature;
        merged.count = unit_->dimensions[i];
        merged.place = place_of(index, by);
        signature = keep(merged, finished(start(merged)));
    }
    return signature;
}

Result<void> TypeMerger::add(const UnitTypes& unit, uint32_t number, std::string_view object) {
    unit_ = &unit;
    number_ = number;
    object_ = object;
    for (auto& done : done_) done.assign(unit.types.size(), 0);
    for (uint32_t i = 0; i < unit.types.size(); ++i) {
        if (const auto signed_type = sign(i, By::value, 0); !signed_type) {
            return std::unexpected(signed_type.error());
        }
    }
    return {};
}

void TypeMerger::add(TypeMerger&& other) {
    for (size_t i = 0; i < other.types_.size(); ++i) {
        MergedType merged = other.types_[i];
        const uint32_t from = merged.first;
        if (merged.kind == TypeKind::structure || merged.kind == TypeKind::union_type) {
            merged.first = static_cast<uint32_t>(members_.size());
            members_.insert(members_.end(), other.members_.begin() + from,
                            other.members_.begin() + from + merged.length);
        } else if (merged.kind == TypeKind::enumeration) {
            merged.first = static_cast<uint32_t>(enumerators_.size());
            enumerators_.insert(enumerators_.end(), other.enumerators_.begin() + from,
                                other.enumerators_.begin() + from + merged.length);
        }
        keep(merged, other.signatures_[i]);
    }
    other = {};
}

TypeGraph TypeMerger::finish() && {
    std::vector<uint32_t> order(types_.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    // One entry may make several types (the dimensions of an array): the signature decides.
    std::ranges::sort(order, {},
                      [&](uint32_t i) { return std::pair(types_[i].place, signatures_[i]); });

    TypeGraph graph;
    graph.types.emplace_back();
    std::vector<TypeId> ids(types_.size(), 0);
    std::map<std::pair<TypeKind, std::string_view>, TypeId> definitions;
    for (const uint32_t i : order) {
        if (types_[i].is_reference) continue;
        ids[i] = static_cast<TypeId>(graph.types.size());
        graph.types.emplace_back();
        if (!types_[i].name.empty()) {
            definitions.emplace(std::pair(types_[i].kind, types_[i].name), ids[i]);
        }
    }
    for (const uint32_t i : order) {
        const MergedType& type = types_[i];
        if (!type.is_reference) continue;
        const auto found = definitions.find(std::pair(type.kind, type.name));
        if (found != definitions.end()) {
            ids[i] = found->second;
            continue;
        }
        ids[i] = static_cast<TypeId>(graph.types.size());
        Type forward;
        forward.kind = TypeKind::forward;
        forward.name = type.name;
        graph.types.push_back(forward);
    }
    const auto id_of = [&](Signature signature) -> TypeId {
        const uint32_t* index = signature == VOID_SIGNATURE ? nullptr : known_.find(signature);
        return index ? ids[*index] : 0;
    };
    graph.members.reserve(members_.size());
    graph.enumerators.reserve(enumerators_.size());
    for (const uint32_t i : order) {
        const MergedType& merged = types_[i];
        if (merged.is_reference) continue;
        Type& type = graph.types[ids[i]];
        type = Type{merged.kind,
                    merged.encoding,
                    id_of(merged.target),
                    merged.name,
                    merged.size,
                    merged.count,
                    0,
                    0};
        if (merged.kind == TypeKind::structure || merged.kind == TypeKind::union_type) {
            type.first = static_cast<uint32_t>(graph.members.size());
            type.length = merged.length;
            for (uint32_t m = merged.first; m < merged.first + merged.length; ++m) {
                const MergedMember& member = members_[m];
                graph.members.push_back(
                    {member.name, id_of(member.type), member.bit_size, member.bit_offset});
            }
        } else if (merged.kind == TypeKind::enumeration) {
            type.first = static_cast<uint32_t>(graph.enumerators.size());
            type.length = merged.length;
            graph.enumerators.insert(graph.enumerators.end(), enumerators_.begin() + merged.first,
                                     enumerators_.begin() + merged.first + merged.length);
        }
    }
    return graph;
}

}  // namespace defib::layouts
