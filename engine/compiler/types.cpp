// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/types.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Module.h>

#include "engine/compiler/names.h"

namespace defib::compiler {

namespace {

namespace dwarf = llvm::dwarf;

bool is_alias(const llvm::DIDerivedType& type) {
    switch (type.getTag()) {
        case dwarf::DW_TAG_typedef:
        case dwarf::DW_TAG_const_type:
        case dwarf::DW_TAG_volatile_type:
        case dwarf::DW_TAG_template_alias:
            return true;
        default:
            return false;
    }
}

bool is_array(const llvm::DIType* type) {
    return type != nullptr && type->getTag() == dwarf::DW_TAG_array_type;
}

bool is_aggregate(const llvm::DIType* type) {
    return type != nullptr && (type->getTag() == dwarf::DW_TAG_structure_type ||
                               type->getTag() == dwarf::DW_TAG_union_type ||
                               type->getTag() == dwarf::DW_TAG_class_type);
}

bool is_signed(const llvm::DIBasicType& type) {
    return type.getEncoding() == dwarf::DW_ATE_signed ||
           type.getEncoding() == dwarf::DW_ATE_signed_char;
}

void put_scalar(const llvm::DIType* type, Shape& shape) {
    type = bare_type(type);
    if (type == nullptr) return;
    shape.width = static_cast<unsigned>(type->getSizeInBits() / 8);
    if (const auto* basic = llvm::dyn_cast<llvm::DIBasicType>(type)) {
        shape.kind = basic->getEncoding() == dwarf::DW_ATE_boolean ? "boolean" : "integer";
        shape.is_signed = is_signed(*basic);
    } else if (type->getTag() == dwarf::DW_TAG_pointer_type) {
        shape.kind = "pointer";
    } else if (type->getTag() == dwarf::DW_TAG_enumeration_type) {
        shape.kind = "integer";
        const auto* base = llvm::cast<llvm::DICompositeType>(type)->getBaseType();
        const auto* underlying = llvm::dyn_cast_or_null<llvm::DIBasicType>(bare_type(base));
        shape.is_signed = underlying != nullptr && is_signed(*underlying);
    } else if (is_aggregate(type)) {
        shape.kind = type->getName() == "BitField" ? "bit_field" : "structure";
        shape.width = 0;
        if (shape.kind == "structure") shape.structure = without_flavour(type->getName());
    }
}

void append_fields(const llvm::DICompositeType& type, const std::string& prefix, uint64_t base,
                   Record& record) {
    for (const llvm::DINode* node : type.getElements()) {
        const auto* member = llvm::dyn_cast<llvm::DIDerivedType>(node);
        if (member == nullptr || member->getTag() != dwarf::DW_TAG_member ||
            member->isStaticMember())
            continue;
        const uint64_t offset = base + member->getOffsetInBits() / 8;
        const llvm::DIType* bare = bare_type(member->getBaseType());
        if (is_aggregate(bare)) {
            append_fields(*llvm::cast<llvm::DICompositeType>(bare),
                          prefix + member->getName().str() + ".", offset, record);
            continue;
        }
        const Shape shape = shape_of(member->getBaseType());
        // char is text; signed char and unsigned char are numbers.
        const llvm::DIType* element = is_array(bare) ? bare_type(element_of(bare)) : bare;
        const bool is_text = element != nullptr && element->getName() == "char";
        record.fields.push_back({prefix + member->getName().str(), offset, shape.width,
                                 is_text ? "text" : shape.kind, shape.is_signed, shape.array});
    }
}

// What follows `start` in a mark of the plugin's.
std::optional<llvm::StringRef> tag_after(llvm::DINodeArray annotations, llvm::StringRef start) {
    if (!annotations) return std::nullopt;
    for (const llvm::Metadata* entry : annotations->operands()) {
        const auto* pair = llvm::dyn_cast<llvm::MDNode>(entry);
        if (pair == nullptr || pair->getNumOperands() != 2) continue;
        const auto* text = llvm::dyn_cast<llvm::MDString>(pair->getOperand(1));
        if (text != nullptr && text->getString().starts_with(start))
            return text->getString().drop_front(start.size());
    }
    return std::nullopt;
}

}  // namespace

const llvm::DIType* bare_type(const llvm::DIType* type) {
    while (const auto* derived = llvm::dyn_cast_or_null<llvm::DIDerivedType>(type)) {
        if (!is_alias(*derived)) break;
        type = derived->getBaseType();
    }
    return type;
}

const llvm::DIType* element_of(const llvm::DIType* type) {
    type = bare_type(type);
    return is_array(type) ? llvm::cast<llvm::DICompositeType>(type)->getBaseType() : nullptr;
}

Shape shape_of(const llvm::DIType* type) {
    Shape shape;
    const llvm::DIType* bare = bare_type(type);
    if (is_array(bare)) {
        for (const llvm::DINode* node : llvm::cast<llvm::DICompositeType>(bare)->getElements()) {
            const auto* range = llvm::dyn_cast<llvm::DISubrange>(node);
            const auto* count =
                range == nullptr ? nullptr
                                 : llvm::dyn_cast_if_present<llvm::ConstantInt*>(range->getCount());
            const bool is_known = count != nullptr && !count->isMinusOne();
            shape.array.push_back(is_known ? count->getZExtValue() : 0);
        }
        bare = bare_type(element_of(bare));
    }
    put_scalar(bare, shape);
    return shape;
}

std::string pointee_name(const llvm::DIType* type) {
    const auto* pointer = llvm::dyn_cast_or_null<llvm::DIDerivedType>(bare_type(type));
    if (pointer == nullptr || pointer->getTag() != dwarf::DW_TAG_pointer_type) return {};
    const llvm::DIType* pointee = bare_type(pointer->getBaseType());
    return pointee == nullptr ? std::string("void") : without_flavour(pointee->getName());
}

Structures::Structures(const llvm::Module& module) {
    llvm::DebugInfoFinder finder;
    finder.processModule(module);
    for (const llvm::DIType* type : finder.types()) {
        const auto* structure = llvm::dyn_cast<llvm::DICompositeType>(type);
        if (structure != nullptr && !structure->isForwardDecl())
            by_name_.try_emplace(structure->getName(), structure);
    }
}

const llvm::DICompositeType* Structures::named(llvm::StringRef name) const {
    return by_name_.lookup(name);
}

std::string without_flavour(llvm::StringRef name) {
    return name.split("___").first.str();
}

std::string plain_path(llvm::StringRef path) {
    const auto [type, rest] = path.split('.');
    const std::string plain = without_flavour(type);
    return rest.empty() ? plain : plain + "." + rest.str();
}

std::string name_of(const llvm::StructType& type) {
    if (!type.hasName()) return {};
    llvm::StringRef name = type.getName();
    name.consume_front("struct.");
    name.consume_front("union.");
    // Two modules with the same type: the linker numbers the second.
    const auto [stem, number] = name.rsplit('.');
    uint64_t ignored = 0;
    if (!number.empty() && !number.getAsInteger(10, ignored)) name = stem;
    return without_flavour(name);
}

bool is_part(const llvm::DICompositeType& type) {
    return tag_after(type.getAnnotations(), PART_TAG).has_value();
}

std::string held_by(const llvm::DIDerivedType& member) {
    return plain_path(tag_after(member.getAnnotations(), HOLDS_TAG).value_or(""));
}

Record record_of(const llvm::DICompositeType& type) {
    Record record;
    record.name = type.getName().str();
    record.size = type.getSizeInBits() / 8;
    append_fields(type, "", 0, record);
    return record;
}

}  // namespace defib::compiler
