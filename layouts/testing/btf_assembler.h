// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// BTF written by hand, for tests and seeds: one call per type, which gives the type's id.
//
//   BtfAssembler btf;
//   const auto u32 = btf.integer("unsigned int", 4);
//   btf.structure("pair", 8, {{"a", u32, 0}, {"b", u32, 32}});
//   read_btf(as_bytes(btf.blob()), "pair.btf")
//
// Nothing is checked, so that it can write what no compiler would.
#ifndef DEFIB_LAYOUTS_TESTING_BTF_ASSEMBLER_H
#define DEFIB_LAYOUTS_TESTING_BTF_ASSEMBLER_H

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "layouts/type_graph.h"

namespace defib::layouts::testing {

struct BtfMember {
    std::string_view name;
    TypeId type;
    uint32_t bit_offset;
    uint32_t bit_size = 0;
};

struct BtfValue {
    std::string_view name;
    int64_t value;
};

class BtfAssembler {
  public:
    // A module's types go on where its kernel's end.
    static BtfAssembler continuing(const BtfAssembler& base);

    TypeId integer(std::string_view name, uint32_t size, uint32_t encoding = 0);
    // As before kernel 5.0: `bits` of the integer's bytes, from bit `offset` on.
    TypeId narrow_integer(std::string_view name, uint32_t size, uint32_t offset, uint32_t bits);
    TypeId floating(std::string_view name, uint32_t size);
    TypeId pointer(TypeId target);
    TypeId array(TypeId element, uint32_t count);
    TypeId structure(std::string_view name, uint32_t size, const std::vector<BtfMember>& members);
    TypeId union_type(std::string_view name, uint32_t size, const std::vector<BtfMember>& members);
    TypeId enumeration(std::string_view name, uint32_t size, const std::vector<BtfValue>& values);
    TypeId wide_enumeration(std::string_view name, const std::vector<BtfValue>& values);
    TypeId forward(std::string_view name);
    TypeId alias(std::string_view name, TypeId target);
    TypeId constant(TypeId target);
    TypeId type_tag(std::string_view name, TypeId target);
    TypeId prototype(TypeId returns);
    TypeId function(std::string_view name, TypeId prototype);
    TypeId variable(std::string_view name, TypeId type);
    TypeId section(std::string_view name, TypeId variable);
    TypeId declaration_tag(std::string_view name, TypeId target);
    // Any record: what a kind appends goes in `tail`.
    TypeId raw(uint32_t name, uint32_t kind, uint32_t length, bool flag, uint32_t size_or_type,
               std::initializer_list<uint32_t> tail = {});

    uint32_t text(std::string_view name);  // its offset among the strings
    TypeId next_id() const { return next_; }
    std::string blob() const;

  private:
    TypeId record(TypeId kind, std::string_view name, uint32_t length, bool flag, uint32_t value);
    TypeId with_members(uint32_t kind, std::string_view name, uint32_t size,
                        const std::vector<BtfMember>& members);
    void word(uint32_t value);

    TypeId next_ = 1;
    uint32_t first_text_ = 0;
    std::string types_;
    std::string strings_ = std::string(1, '\0');
};

// One of every kind, as small as it can be.
BtfAssembler everything();

}  // namespace defib::layouts::testing

#endif
