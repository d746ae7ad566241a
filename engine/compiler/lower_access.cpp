// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses, loads and stores. A member's offset is one lookup in the binding for all members on
// the way (`se.vruntime`), so that the sum is not made at every access; an index into an array of
// structures multiplies with the size that the running kernel gives them.
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/Utils/Local.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Module.h>

#include "engine/compiler/lowering.h"
#include "engine/compiler/memory_object.h"
#include "engine/compiler/names.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

std::string joined(const std::vector<Hop>& hops) {
    std::string path = hops.front().type;
    for (const Hop& hop : hops) path += "." + hop.member;
    return path;
}

// A step on the way to members further in needs no address of its own.
bool is_only_a_step(const llvm::CallBase& call) {
    for (const llvm::User* user : call.users()) {
        const llvm::CallBase* next = member_access(*user);
        if (next == nullptr || access_path(*next).base == &call) return false;
    }
    return true;
}

const llvm::StructType* structure_of(const llvm::Type& array) {
    const auto* type = llvm::dyn_cast<llvm::ArrayType>(&array);
    return type == nullptr ? nullptr : llvm::dyn_cast<llvm::StructType>(type->getElementType());
}

// The debug information's name. LLVM's linker makes one type of two that look alike (hlist_head and
// cgroup are a pointer each), and keeps one of the names.
std::string element_name(const llvm::Value& place, const llvm::Type& array) {
    const Shape shape = shape_of(access_path(place).leaf);
    return shape.structure.empty() ? name_of(*structure_of(array)) : shape.structure;
}

unsigned width_of(const llvm::Type& type) {
    return type.isPointerTy() ? 8 : type.getIntegerBitWidth() / 8;
}

// More is done with the pointer than to look at it as a number.
bool is_followed(const llvm::LoadInst& pointer) {
    return llvm::any_of(pointer.users(), [](const llvm::User* user) {
        return !llvm::isa<llvm::ICmpInst, llvm::PtrToIntInst>(user);
    });
}

}  // namespace

namespace {

// Also by way of a choice or another address of the same origin.
bool feeds_store(const llvm::Value& address, llvm::SmallPtrSetImpl<const llvm::Value*>& visited) {
    for (const llvm::User* user : address.users()) {
        if (call_of(*user, "defib_set_bits") != nullptr) return true;
        if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(user))
            if (store->getPointerOperand() == &address) return true;
        if (llvm::isa<llvm::LoadInst>(user) || !user->getType()->isPointerTy()) continue;
        if (visited.insert(user).second && feeds_store(*user, visited)) return true;
    }
    return false;
}

}  // namespace

bool feeds_store(const llvm::Value& address) {
    llvm::SmallPtrSet<const llvm::Value*, 8> visited;
    return feeds_store(address, visited);
}

llvm::Value* Lowering::address(const llvm::Value& pointer) {
    if (llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(pointer))
        return builder_.getInt64(0);
    const auto known = addresses_.find(&pointer);
    return known == addresses_.end() ? builder_.getInt64(0) : known->second;
}

llvm::Value* Lowering::member_address(const llvm::CallBase& call) {
    return is_only_a_step(call) ? builder_.getInt64(0) : place_of(call);
}

llvm::Value* Lowering::place_of(const llvm::CallBase& member) {
    const AccessPath path = access_path(member);
    const Slot slot{"offset", joined(path.hops), path.hops, shape_of(path.leaf)};
    return builder_.CreateAdd(address(*path.base), binding(slot));
}

llvm::Value* Lowering::array_address(const llvm::CallBase& call) {
    llvm::Type& array = *call.getParamElementType(0);
    llvm::Value* index = builder_.CreateZExt(call.getArgOperand(2), builder_.getInt64Ty());
    llvm::Value* stride = nullptr;
    if (is_pointer_step(call))
        stride =
            builder_.getInt64(function_->getParent()->getDataLayout().getTypeAllocSize(&array));
    else if (structure_of(array) != nullptr)
        stride = binding("size", element_name(*call.getArgOperand(0), array));
    else
        stride = builder_.getInt64(
            function_->getParent()->getDataLayout().getTypeAllocSize(array.getArrayElementType()));
    return builder_.CreateAdd(address(*call.getArgOperand(0)), builder_.CreateMul(index, stride));
}

llvm::Value* Lowering::checked_index(llvm::Value* index, const llvm::Value& array,
                                     const llvm::Value& at) {
    const AccessPath path = access_path(array);
    const Shape shape = shape_of(path.leaf);
    if (llvm::isa<llvm::Constant>(index) || shape.array.size() != 1 || !feeds_store(at))
        return index;
    return call_runtime(INDEX, {context_, index, builder_.getInt64(shape.array.front())});
}

llvm::Value* Lowering::step_address(const llvm::GetElementPtrInst& step) {
    llvm::Value* base = address(*step.getPointerOperand());
    const llvm::DataLayout& layout = function_->getParent()->getDataLayout();
    llvm::Type* type = step.getSourceElementType();
    llvm::Value* offset = builder_.getInt64(0);
    // The first index counts whole objects; each further one goes one dimension in.
    for (unsigned i = 1; i < step.getNumOperands(); ++i) {
        llvm::Value* index = builder_.CreateSExt(step.getOperand(i), builder_.getInt64Ty());
        llvm::Value* stride = builder_.getInt64(layout.getTypeAllocSize(type));
        if (i > 1) {
            index = checked_index(index, *step.getPointerOperand(), step);
            if (structure_of(*type) != nullptr)
                stride = binding("size", element_name(*step.getPointerOperand(), *type));
            else
                stride = builder_.getInt64(layout.getTypeAllocSize(type->getArrayElementType()));
            type = type->getArrayElementType();
        }
        offset = builder_.CreateAdd(offset, builder_.CreateMul(index, stride));
    }
    return builder_.CreateAdd(base, offset);
}

Field Lowering::field_of(const AccessPath& path, const llvm::Type& type) const {
    Field field;
    field.path = path.text;
    if (path.root == Root::symbol) field.path = "symbol " + path.text;
    if (path.root == Root::several) field.path = "several";
    field.shape = shape_of(path.leaf);
    field.shape.array.clear();
    field.shape.width = width_of(type);
    if (field.shape.kind.empty()) field.shape.kind = type.isPointerTy() ? "pointer" : "integer";
    return field;
}

void Lowering::lower_load(llvm::LoadInst& load) {
    const llvm::Value& pointer = *load.getPointerOperand();
    llvm::Type& type = *load.getType();
    const AccessPath path = access_path(pointer);
    entry_.routine.reads.insert(field_of(path, type));
    unsigned width = width_of(type);
    // What the routine itself has put there may be any word; that is found, or not followed.
    const bool is_clean = type.isPointerTy() && !path.is_found && !path.is_scratch;
    if (is_clean && entry_.routine.declaration.kind == "routine" && is_followed(load))
        width |= LOAD_UNPLANNED;
    llvm::Value* value = call_runtime(LOAD, {context_, address(pointer), builder_.getInt32(width)});
    replace(load, type.isPointerTy() ? value : builder_.CreateTrunc(value, &type));
}

void Lowering::lower_store(llvm::StoreInst& store) {
    const llvm::Value& pointer = *store.getPointerOperand();
    llvm::Value* value = store.getValueOperand();
    llvm::Type& type = *value->getType();
    const AccessPath path = access_path(pointer);
    llvm::StringRef whole = path.text;
    stored_.insert(whole.str());
    stored_.insert(path.symbols.begin(), path.symbols.end());
    while (whole.consume_back("[]")) stored_.insert(whole.str());

    Field field = field_of(path, type);
    field.is_found = path.is_found || (type.isPointerTy() && access_path(*value).is_found);
    unsigned number = manifest_.field(field);
    entry_.routine.stores.insert(number);
    if (type.isPointerTy()) {
        number |= STORE_WHOLE;
        value = address(*value);
    } else {
        value = builder_.CreateZExt(value, builder_.getInt64Ty());
    }
    llvm::Value* place = address(pointer);
    // scratch() checked where it began; since then it may have been moved anywhere.
    if (path.is_scratch) place = in_scratch(place, width_of(type));
    call_runtime(STORE, {context_, place, value, builder_.getInt32(width_of(type)),
                         builder_.getInt32(number)});
    replaced_.push_back(&store);
}

// A record's or table's index that is not constant is checked against its size, here and not by
// proof: a proof would have to survive the optimiser.
void Lowering::lower_ordinary(llvm::Instruction& access, unsigned pointer_operand,
                              llvm::Type& type) {
    const llvm::DataLayout& layout = function_->getParent()->getDataLayout();
    llvm::Value* pointer = access.getOperand(pointer_operand);
    const auto object = memory_object(*pointer, layout);
    if (!object || object->offset) return;
    llvm::Value* offset = builder_.getInt64(0);
    for (llvm::Value* at = pointer; at != object->base;) {
        auto* step = llvm::cast<llvm::GEPOperator>(at);
        offset = builder_.CreateAdd(offset, llvm::emitGEPOffset(&builder_, layout, step));
        at = step->getPointerOperand();
    }
    const uint64_t count = object->size - layout.getTypeStoreSize(&type) + 1;
    llvm::Value* index = call_runtime(INDEX, {context_, offset, builder_.getInt64(count)});
    access.setOperand(pointer_operand,
                      builder_.CreateGEP(builder_.getInt8Ty(), object->base, index));
}

}  // namespace defib::compiler
