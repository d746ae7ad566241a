// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From the types of three thousand units, each with its own copy of every header, to one graph.
//
// A type is identified by a signature: a hash of everything that it is made of by value, down to
// the base types. What lies behind a pointer counts by its name alone: otherwise every structure of
// the kernel would be part of every other, and one unit that knows `struct foo` only as a
// declaration would split all that point to it. Two types with one signature are one type; two
// structures with one name and different signatures are both kept, as in BTF.
//
// Names behind pointers are resolved at the end, to the first definition. "First" is by the place
// in the file, so that the graph is the same whichever thread met a type first: a record is a
// function of its signature alone, and its place is the least that any thread saw.
#ifndef DEFIB_LAYOUTS_DWARF_TYPE_MERGER_H
#define DEFIB_LAYOUTS_DWARF_TYPE_MERGER_H

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "layouts/dwarf/unit_reader.h"
#include "layouts/type_graph.h"

namespace defib::layouts {

using Signature = uint64_t;
inline constexpr Signature VOID_SIGNATURE = 0;

// One type, its parts named by signature.
struct MergedType {
    TypeKind kind = TypeKind::void_type;
    Encoding encoding = Encoding::none;
    bool is_reference = false;  // a name, to be resolved to the first definition
    std::string_view name;
    Signature target = VOID_SIGNATURE;
    uint64_t size = 0;
    uint64_t count = 0;
    uint32_t first = 0;
    uint32_t length = 0;
    uint64_t place = 0;
};

struct MergedMember {
    std::string_view name;
    Signature type = VOID_SIGNATURE;
    uint32_t bit_size = 0;
    uint64_t bit_offset = 0;
};

// Open addressing over hashes that are already good; 0 is no signature of a type.
class SignatureMap {
  public:
    SignatureMap() : slots_(1U << 12) {}
    // The index kept for the signature, or `otherwise`, which is then kept.
    uint32_t find_or_add(Signature signature, uint32_t otherwise);
    const uint32_t* find(Signature signature) const;

  private:
    struct Slot {
        Signature signature = 0;
        uint32_t index = 0;
    };
    void grow();

    std::vector<Slot> slots_;
    size_t used_ = 0;
};

// What one thread has merged so far.
class TypeMerger {
  public:
    // `number`: the unit's place in the file; a merger must be given ascending ones.
    Result<void> add(const UnitTypes& unit, uint32_t number, std::string_view object);

    // Takes over what another thread merged.
    void add(TypeMerger&& other);

    TypeGraph finish() &&;

  private:
    enum class By : uint8_t { value, name };

    Result<Signature> sign(uint32_t index, By by, uint32_t depth);
    Result<Signature> sign_plain(uint32_t index, By by, uint32_t depth);
    Result<Signature> sign_members(const UnitType& type, MergedType& merged, uint32_t depth);
    Result<Signature> sign_array(const UnitType& type, By by, uint32_t index, uint32_t depth);
    Signature sign_reference(const UnitType& type, uint64_t place);
    // Keeps the type unless it is known already. The flat lists hold its parts from `first` on.
    Signature keep(MergedType merged, Signature signature);
    uint64_t place_of(uint32_t index, By by) const;

    std::vector<MergedType> types_;
    std::vector<MergedMember> members_;
    std::vector<Enumerator> enumerators_;
    std::vector<Signature> signatures_;  // of types_, by index
    SignatureMap known_;

    // Of the unit being added.
    const UnitTypes* unit_ = nullptr;
    std::string_view object_;
    uint32_t number_ = 0;
    std::vector<Signature> done_[2];  // by index in the unit, for each By; 0: not yet
};

}  // namespace defib::layouts

#endif
