// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules for ordinary memory. A routine has none but the records it emits and its constant
// tables; an index that is not constant is checked when it is lowered.
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include "engine/compiler/check.h"
#include "engine/compiler/memory_object.h"
#include "engine/compiler/names.h"

namespace defib::compiler {

namespace {

bool is_ordinary(const llvm::Value& pointer) {
    return pointer.getType()->getPointerAddressSpace() == 0;
}

void check_object(const llvm::Instruction& access, llvm::Value& address, uint64_t width,
                  Refusals& refusals) {
    const llvm::DataLayout& layout = access.getModule()->getDataLayout();
    const auto object = memory_object(address, layout);
    const bool is_store = llvm::isa<llvm::StoreInst>(access);
    if (!object) {
        if (llvm::isa<llvm::GlobalVariable>(llvm::getUnderlyingObject(&address)))
            return refusals.add(access,
                                "a variable outside of functions, and no state outlives an "
                                "execution; make it static constexpr, or report with emit()");
        if (is_refused_already(address)) return;
        return refusals.add(access,
                            "memory that is neither a record of emit() nor a static constexpr "
                            "table; use the pointer that emit() gave, by name and index");
    }
    if (is_store && !object->is_writable)
        return refusals.add(access, "a store to a constant table; use a variable");
    if (object->offset &&
        (*object->offset < 0 || static_cast<uint64_t>(*object->offset) + width > object->size))
        refusals.add(access, "an index outside of a record or table of " +
                                 std::to_string(object->size) + " bytes; mind its length");
    if (width > object->size)
        refusals.add(access, "an access wider than the whole record or table");
}

}  // namespace

void check_ordinary_access(const llvm::Instruction& instruction, Refusals& refusals) {
    const llvm::DataLayout& layout = instruction.getModule()->getDataLayout();
    if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
        if (!is_ordinary(*load->getPointerOperand())) return;
        if (load->getType()->isPointerTy())
            return refusals.add(instruction,
                                "a pointer is kept in memory; keep it in a variable, and in "
                                "records keep address_of() of it");
        check_object(instruction, *const_cast<llvm::Value*>(load->getPointerOperand()),
                     layout.getTypeStoreSize(load->getType()), refusals);
    } else if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
        if (!is_ordinary(*store->getPointerOperand())) {
            const llvm::Type* type = store->getValueOperand()->getType();
            if (type->isPointerTy() && type->getPointerAddressSpace() != KERNEL_SPACE)
                refusals.add(instruction,
                             "an address of the engine's own memory is stored in the kernel; "
                             "store kernel pointers and integers");
            return;
        }
        if (store->getValueOperand()->getType()->isPointerTy())
            return refusals.add(instruction,
                                "a pointer is kept in memory; keep it in a variable, and in "
                                "records keep address_of() of it");
        check_object(instruction, *const_cast<llvm::Value*>(store->getPointerOperand()),
                     layout.getTypeStoreSize(store->getValueOperand()->getType()), refusals);
    }
}

}  // namespace defib::compiler
