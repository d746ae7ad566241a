// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules for kernel addresses: how one may be computed, with which width it may be read, and
// which stores a routine may make.
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

#include "engine/compiler/access_path.h"
#include "engine/compiler/check.h"
#include "engine/compiler/names.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

bool is_kernel(const llvm::Value& pointer) {
    return pointer.getType()->isPointerTy() &&
           pointer.getType()->getPointerAddressSpace() == KERNEL_SPACE;
}

const llvm::StructType* innermost_structure(const llvm::Type* type) {
    while (const auto* array = llvm::dyn_cast<llvm::ArrayType>(type))
        type = array->getElementType();
    return llvm::dyn_cast<llvm::StructType>(type);
}

void refuse_structure_step(const llvm::Instruction& at, const llvm::StructType& structure,
                           Refusals& refusals) {
    refusals.add(at, "arithmetic on a pointer to " + name_of(structure) +
                         ", whose size is the kernel's; use element(" + name_of(structure) +
                         ", pointer, index)");
}

// array[index] of a member is fine; pointer[index], pointer + n and undeclared structures are not.
void check_arithmetic(const llvm::GEPOperator& step, const llvm::Instruction& at,
                      Refusals& refusals) {
    const llvm::StructType* structure = innermost_structure(step.getSourceElementType());
    if (structure == nullptr) return;
    if (step.getSourceElementType()->isStructTy() && step.getNumIndices() > 1)
        return refusals.add(at, "a member of '" + name_of(*structure) +
                                    "', which is not declared with kernel_struct; declare it so");
    const AccessPath path = access_path(*step.getPointerOperand());
    const bool is_member_array =
        step.getSourceElementType()->isArrayTy() && element_of(path.leaf) != nullptr;
    if (!is_member_array) refuse_structure_step(at, *structure, refusals);
}

std::string bits_text(unsigned width) {
    return std::to_string(width * 8) + " bits";
}

// Zero where the type has no width of its own.
unsigned width_of(const llvm::Type& type) {
    if (type.isPointerTy()) return 8;
    return type.isIntegerTy() ? type.getIntegerBitWidth() / 8 : 0;
}

void check_width(const llvm::Instruction& access, const llvm::Type& type, const AccessPath& path,
                 Refusals& refusals) {
    const unsigned width = width_of(type);
    if (width != 1 && width != 2 && width != 4 && width != 8)
        return refusals.add(access,
                            "an access of a width that the kernel's fields do not have; use u8, "
                            "u16, u32, u64, bool or kp<T>");
    if (path.narrowed != 0 || path.is_bit_field) return;
    const Shape shape = shape_of(path.leaf);
    if (shape.kind == "structure")
        return refusals.add(access, path.text +
                                        " is a structure and is accessed as one value; "
                                        "name the member that is meant");
    if (shape.kind == "bit_field")
        return refusals.add(access, path.text + " is a bit-field; use bits() or set_bits()");
    if (shape.width != 0 && shape.width != width)
        refusals.add(access, path.text + " has " + bits_text(shape.width) +
                                 " and is accessed with " + bits_text(width) +
                                 "; use its own type, or narrow<T>()");
}

bool is_allowed(const std::set<std::string>& declared, const std::string& path) {
    // Every element of an array that is declared.
    llvm::StringRef whole = path;
    while (whole.consume_back("[]")) {
    }
    return declared.contains(path) || declared.contains(whole.str());
}

void check_field_store(const llvm::Instruction& store, const AccessPath& path,
                       const Declaration& declared, bool is_found_value, Refusals& refusals) {
    if (path.root == Root::part)
        return refusals.add(store, "a store to " + path.text +
                                       " with nothing said of what it lies in; reach it through "
                                       "the structure, with container_of()");
    // Nothing but the routine says of what type a symbol is.
    for (const std::string& symbol : path.symbols) {
        if (declared.writes_symbol.contains(symbol)) continue;
        std::string message = "a store to ";
        message.append(path.text).append(" at the symbol ").append(symbol);
        message.append(", which is not declared; declare WRITES_SYMBOL(").append(symbol);
        refusals.add(store, message.append(") too"));
    }
    if (path.is_found || is_found_value) {
        if (!is_allowed(declared.writes_found, path.text))
            refusals.add(store, "a store " +
                                    (path.is_found ? "to " + path.text + " through a found pointer"
                                                   : "of a found pointer to " + path.text) +
                                    "; declare WRITES_FOUND(" + path.text + ")");
        return;
    }
    if (!is_allowed(declared.writes, path.text))
        refusals.add(store, "a store to " + path.text + ", which is not declared; declare WRITES(" +
                                path.text + ")");
}

// What an address was made of: one address, or several where a choice was made.
llvm::SmallVector<const llvm::Value*> origins_of(const llvm::Value& address) {
    if (const llvm::Value* inner = inner_address(address)) return {inner};
    if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(&address))
        return llvm::SmallVector<const llvm::Value*>(phi->incoming_values());
    if (const auto* choice = llvm::dyn_cast<llvm::SelectInst>(&address))
        return {choice->getTrueValue(), choice->getFalseValue()};
    if (const auto* frozen = llvm::dyn_cast<llvm::FreezeInst>(&address))
        return {frozen->getOperand(0)};
    for (const char* name : {"defib_untag", "defib_element", "defib_container"})
        if (const llvm::CallBase* call = call_of(address, name)) return {call->getArgOperand(0)};
    return {};
}

// array[constant] was compared with the length, where there is one.
void check_length(const llvm::StoreInst& store, const llvm::CallBase& access, Refusals& refusals) {
    const AccessPath array = access_path(*access.getArgOperand(0));
    if (is_pointer_step(access) && array.root == Root::structure)
        return refusals.add(store, "a store beside " + array.text +
                                       ", whose pointer was moved; index the array itself");
    const auto* type = llvm::dyn_cast<llvm::ArrayType>(access.getParamElementType(0));
    if (type != nullptr && type->getNumElements() == 0)
        refusals.add(store, "a store at an index into " + array.text +
                                ", whose length is not known; declare its length");
}

// A store at array[index] stays inside of the array as declared: lowering adds the check, and has
// to know the length.
void check_extent(const llvm::StoreInst& store, const AccessPath& path, Refusals& refusals) {
    if (path.is_scratch || path.root != Root::structure) return;
    llvm::SmallPtrSet<const llvm::Value*, 8> seen;
    llvm::SmallVector<const llvm::Value*> open = {store.getPointerOperand()};
    while (!open.empty()) {
        const llvm::Value* at = open.pop_back_val();
        if (!seen.insert(at).second) continue;
        open.append(origins_of(*at));
        if (const llvm::CallBase* access = array_access(*at)) {
            check_length(store, *access, refusals);
            continue;
        }
        const auto* step = llvm::dyn_cast<llvm::GEPOperator>(at);
        if (step == nullptr) continue;
        const AccessPath array = access_path(*step->getPointerOperand());
        if (step->hasAllConstantIndices()) {
            // The first index counts whole objects: any but 0 leaves the one that was named.
            if (!llvm::cast<llvm::ConstantInt>(step->getOperand(1))->isZero())
                refusals.add(store, "a store beside " + array.text +
                                        ", whose pointer was moved; index the array itself");
            continue;
        }
        const Shape shape = shape_of(array.leaf);
        if (shape.array.size() != 1 || shape.array.front() == 0)
            refusals.add(store, "a store at a variable index into " + array.text +
                                    ", which is not an array of one dimension and known length; "
                                    "declare its length");
    }
}

void check_index(const llvm::Instruction& at, const llvm::Value& base, const llvm::Type& array,
                 const llvm::Value& index, Refusals& refusals) {
    const auto* number = llvm::dyn_cast<llvm::ConstantInt>(&index);
    const auto* type = llvm::dyn_cast<llvm::ArrayType>(&array);
    const uint64_t count = type == nullptr ? 0 : type->getNumElements();
    if (number == nullptr || count == 0 || number->getZExtValue() < count) return;
    refusals.add(at, "index " + std::to_string(number->getSExtValue()) + " is outside of " +
                         access_path(base).text + ", declared with " + std::to_string(count) +
                         " elements");
}

// Of a pointer, whether the kernel's own declarations say what it leads to.
bool is_found_pointer(const llvm::Value& value) {
    return is_kernel(value) && access_path(value).is_found;
}

}  // namespace

void check_store(const llvm::Instruction& store, const AccessPath& path,
                 const Declaration& declared, bool is_found_value, Refusals& refusals) {
    const bool is_field = path.root == Root::structure || path.root == Root::part;
    if (path.root == Root::scratch || (is_field && path.is_scratch)) {
        if (!declared.uses_scratch)
            refusals.add(store, "a store to scratch memory; declare USES_SCRATCH");
        return;
    }
    switch (path.root) {
        case Root::structure:
        case Root::part:
            return check_field_store(store, path, declared, is_found_value, refusals);
        case Root::symbol:
            // What lies beside a symbol is another one, so there is no index.
            if (!declared.writes_symbol.contains(path.text))
                refusals.add(store, "a store to the symbol " + path.text +
                                        ", which is not declared; declare WRITES_SYMBOL(" +
                                        path.text + ")");
            if (is_found_value)
                refusals.add(store, "a store of a found pointer to the symbol " + path.text +
                                        "; store one that the kernel has");
            return;
        case Root::several:
            return refusals.add(store,
                                "a store to one of several places, depending on what was "
                                "executed; write each store where it is decided");
        case Root::scratch:
        case Root::loaded:
        case Root::unknown:
            return refusals.add(store,
                                "a store that was not reached through a member of a declared "
                                "structure; name the structure and its member");
    }
}

void check_access(const llvm::Instruction& instruction, const Declaration& declared,
                  Refusals& refusals) {
    if (const auto* step = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction)) {
        if (!is_kernel(*step)) return;
        check_arithmetic(llvm::cast<llvm::GEPOperator>(*step), instruction, refusals);
        if (step->getNumIndices() == 2)
            check_index(*step, *step->getPointerOperand(), *step->getSourceElementType(),
                        *step->getOperand(2), refusals);
    } else if (const llvm::CallBase* call = array_access(instruction)) {
        const llvm::StructType* structure = innermost_structure(call->getParamElementType(0));
        if (is_pointer_step(*call) && structure != nullptr)
            return refuse_structure_step(*call, *structure, refusals);
        check_index(*call, *call->getArgOperand(0), *call->getParamElementType(0),
                    *call->getArgOperand(2), refusals);
    } else if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
        if (!is_kernel(*load->getPointerOperand())) return;
        check_width(*load, *load->getType(), access_path(*load->getPointerOperand()), refusals);
    } else if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
        if (is_kernel(*store->getValueOperand()) && !is_kernel(*store->getPointerOperand())) return;
        if (!is_kernel(*store->getPointerOperand())) return;
        const AccessPath path = access_path(*store->getPointerOperand());
        check_width(*store, *store->getValueOperand()->getType(), path, refusals);
        check_store(*store, path, declared, is_found_pointer(*store->getValueOperand()), refusals);
        check_extent(*store, path, refusals);
    }
}

}  // namespace defib::compiler
