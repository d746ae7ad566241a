// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/testing/btf_assembler.h"

#include <algorithm>

namespace defib::layouts::testing {
namespace {

void append(std::string& text, uint32_t value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// BTF_KIND_* of include/uapi/linux/btf.h, written out again: a number that is wrong in the reader
// must not be wrong here as well.
enum : uint32_t {
    INT = 1,
    PTR = 2,
    ARRAY = 3,
    STRUCT = 4,
    UNION = 5,
    ENUM = 6,
    FWD = 7,
    TYPEDEF = 8,
    CONST = 10,
    FUNC = 12,
    FUNC_PROTO = 13,
    VAR = 14,
    DATASEC = 15,
    FLOAT = 16,
    DECL_TAG = 17,
    TYPE_TAG = 18,
    ENUM64 = 19,
};

}  // namespace

BtfAssembler BtfAssembler::continuing(const BtfAssembler& base) {
    BtfAssembler module;
    module.next_ = base.next_;
    module.first_text_ = static_cast<uint32_t>(base.strings_.size());
    module.strings_.clear();
    return module;
}

void BtfAssembler::word(uint32_t value) {
    append(types_, value);
}

uint32_t BtfAssembler::text(std::string_view name) {
    if (name.empty()) return 0;
    const auto at = static_cast<uint32_t>(strings_.size());
    strings_ += name;
    strings_ += '\0';
    return first_text_ + at;
}

TypeId BtfAssembler::raw(uint32_t name, uint32_t kind, uint32_t length, bool flag,
                         uint32_t size_or_type, std::initializer_list<uint32_t> tail) {
    word(name);
    word(length | kind << 24 | (flag ? 1U << 31 : 0));
    word(size_or_type);
    for (const uint32_t value : tail) word(value);
    return next_++;
}

TypeId BtfAssembler::record(uint32_t kind, std::string_view name, uint32_t length, bool flag,
                            uint32_t value) {
    return raw(text(name), kind, length, flag, value);
}

TypeId BtfAssembler::integer(std::string_view name, uint32_t size, uint32_t encoding) {
    return raw(text(name), INT, 0, false, size, {encoding << 24 | size * 8});
}

TypeId BtfAssembler::narrow_integer(std::string_view name, uint32_t size, uint32_t offset,
                                    uint32_t bits) {
    return raw(text(name), INT, 0, false, size, {offset << 16 | bits});
}

TypeId BtfAssembler::floating(std::string_view name, uint32_t size) {
    return record(FLOAT, name, 0, false, size);
}

TypeId BtfAssembler::pointer(TypeId target) {
    return record(PTR, "", 0, false, target);
}

TypeId BtfAssembler::array(TypeId element, uint32_t count) {
    return raw(0, ARRAY, 0, false, 0, {element, 0, count});
}

TypeId BtfAssembler::with_members(uint32_t kind, std::string_view name, uint32_t size,
                                  const std::vector<BtfMember>& members) {
    const bool has_bits =
        std::ranges::any_of(members, [](const BtfMember& member) { return member.bit_size != 0; });
    const TypeId id = record(kind, name, static_cast<uint32_t>(members.size()), has_bits, size);
    for (const BtfMember& member : members) {
        word(text(member.name));
        word(member.type);
        word(member.bit_offset | member.bit_size << 24);
    }
    return id;
}

TypeId BtfAssembler::structure(std::string_view name, uint32_t size,
                               const std::vector<BtfMember>& members) {
    return with_members(STRUCT, name, size, members);
}

TypeId BtfAssembler::union_type(std::string_view name, uint32_t size,
                                const std::vector<BtfMember>& members) {
    return with_members(UNION, name, size, members);
}

TypeId BtfAssembler::enumeration(std::string_view name, uint32_t size,
                                 const std::vector<BtfValue>& values) {
    const bool is_signed =
        std::ranges::any_of(values, [](const BtfValue& value) { return value.value < 0; });
    const TypeId id = record(ENUM, name, static_cast<uint32_t>(values.size()), is_signed, size);
    for (const BtfValue& value : values) {
        word(text(value.name));
        word(static_cast<uint32_t>(value.value));
    }
    return id;
}

TypeId BtfAssembler::wide_enumeration(std::string_view name, const std::vector<BtfValue>& values) {
    const TypeId id = record(ENUM64, name, static_cast<uint32_t>(values.size()), false, 8);
    for (const BtfValue& value : values) {
        word(text(value.name));
        word(static_cast<uint32_t>(value.value));
        word(static_cast<uint32_t>(static_cast<uint64_t>(value.value) >> 32));
    }
    return id;
}

TypeId BtfAssembler::forward(std::string_view name) {
    return record(FWD, name, 0, false, 0);
}

TypeId BtfAssembler::alias(std::string_view name, TypeId target) {
    return record(TYPEDEF, name, 0, false, target);
}

TypeId BtfAssembler::constant(TypeId target) {
    return record(CONST, "", 0, false, target);
}

TypeId BtfAssembler::type_tag(std::string_view name, TypeId target) {
    return record(TYPE_TAG, name, 0, false, target);
}

TypeId BtfAssembler::prototype(TypeId returns) {
    return record(FUNC_PROTO, "", 0, false, returns);
}

TypeId BtfAssembler::function(std::string_view name, TypeId prototype) {
    return record(FUNC, name, 0, false, prototype);
}

TypeId BtfAssembler::variable(std::string_view name, TypeId type) {
    return raw(text(name), VAR, 0, false, type, {1});
}

TypeId BtfAssembler::section(std::string_view name, TypeId variable) {
    return raw(text(name), DATASEC, 1, false, 8, {variable, 0, 8});
}

TypeId BtfAssembler::declaration_tag(std::string_view name, TypeId target) {
    return raw(text(name), DECL_TAG, 0, false, target, {0xffffffff});
}

std::string BtfAssembler::blob() const {
    constexpr uint32_t HEADER_SIZE = 24;
    std::string blob = "\x9f\xeb";
    blob += '\x01';
    blob += '\0';
    append(blob, HEADER_SIZE);
    append(blob, 0);
    append(blob, static_cast<uint32_t>(types_.size()));
    append(blob, static_cast<uint32_t>(types_.size()));
    append(blob, static_cast<uint32_t>(strings_.size()));
    return blob + types_ + strings_;
}

BtfAssembler everything() {
    BtfAssembler btf;
    const auto u32 = btf.integer("unsigned int", 4);
    const auto u64 = btf.integer("long unsigned int", 8);
    const auto node = btf.next_id();
    btf.structure("node", 8, {{"next", node + 1, 0}});
    btf.pointer(node);
    btf.union_type("either", 8, {{"number", u64, 0}, {"node", node, 0}});
    btf.structure("flags", 4, {{"low", u32, 0, 3}, {"high", u32, 3, 29}});
    btf.enumeration("colour", 4, {{"RED", 0}, {"BLUE", -1}});
    btf.wide_enumeration("wide", {{"TOP", INT64_MIN}});
    btf.array(u32, 4);
    btf.constant(btf.alias("u32", u32));
    btf.type_tag("user", u32);
    btf.forward("elsewhere");
    btf.floating("double", 8);
    const auto function = btf.function("main", btf.prototype(u32));
    btf.declaration_tag("tag", function);
    btf.section(".data", btf.variable("count", u32));
    return btf;
}

}  // namespace defib::layouts::testing
