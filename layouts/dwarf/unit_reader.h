// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The types of one compilation unit, as they stand in .debug_info.
//
// LLVM gives the unit's header, its abbreviations and the rarer forms. The walk over the entries is
// ours: LLVM would keep an object for every entry of every function body, and decode an entry's
// attributes once per question; here each is decoded once, and functions are jumped over.
#ifndef DEFIB_LAYOUTS_DWARF_UNIT_READER_H
#define DEFIB_LAYOUTS_DWARF_UNIT_READER_H

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "layouts/type_graph.h"

namespace llvm {
class DWARFUnit;
}

namespace defib::layouts {

inline constexpr uint32_t NO_TYPE = UINT32_MAX;  // void

struct UnitMember {
    std::string_view name;
    uint32_t type = NO_TYPE;  // index into UnitTypes::types
    uint32_t bit_size = 0;
    uint64_t bit_offset = 0;
    // Before DWARF 4, a bit-field says how far it is from the highest bit of a unit of storage.
    std::optional<uint64_t> old_bit_offset;
    uint64_t storage_size = 0;
};

struct UnitType {
    TypeKind kind = TypeKind::void_type;
    Encoding encoding = Encoding::none;
    bool is_union = false;  // of a forward
    uint32_t offset = 0;    // in the unit, of the entry
    uint32_t target = NO_TYPE;
    std::string_view name;
    uint64_t size = 0;
    uint32_t first = 0;  // members, enumerators or (of arrays) dimensions
    uint32_t length = 0;
};

struct UnitTypes {
    std::vector<UnitType> types;  // in the order of the file
    std::vector<UnitMember> members;
    std::vector<Enumerator> enumerators;
    std::vector<uint64_t> dimensions;  // outermost first; 0: flexible

    void clear() {
        types.clear();
        members.clear();
        enumerators.clear();
        dimensions.clear();
    }
};

// Keeps its buffers from one unit to the next.
class UnitReader {
  public:
    // The unit's abbreviations must have been read already (DWARFUnit::getAbbreviations).
    Result<void> read(llvm::DWARFUnit& unit, std::string_view object);
    const UnitTypes& types() const { return types_; }

  private:
    class Walk;
    UnitTypes types_;
    std::vector<uint32_t> index_at_;  // by offset in the unit; checked against UnitType::offset
    std::vector<std::vector<UnitMember>> open_members_;  // by depth
};

}  // namespace defib::layouts

#endif
