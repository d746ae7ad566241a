// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/memory_object.h"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Operator.h>

#include "engine/compiler/access_path.h"
#include "engine/compiler/runtime_calls.h"

namespace defib::compiler {

namespace {

// The size that is asked for by a call for a record or for a detector's memory, as the language
// has it (kind, size, type; size, type) or lowered (context, kind, size; context, size).
std::optional<uint64_t> record_size(const llvm::Value& value) {
    static constexpr std::pair<const char*, unsigned> CALLS[] = {
        {"defib_record", 1}, {"defib_remember", 0}, {EMIT, 2}, {MEMORY, 1}};
    for (const auto& [name, argument] : CALLS) {
        const llvm::CallBase* call = call_of(value, name);
        if (call == nullptr) continue;
        const auto* size = llvm::dyn_cast<llvm::ConstantInt>(call->getArgOperand(argument));
        if (size == nullptr) return std::nullopt;
        return size->getZExtValue();
    }
    return std::nullopt;
}

}  // namespace

bool is_refused_already(const llvm::Value& address) {
    if (address.getType()->getPointerAddressSpace() != 0) return false;
    const llvm::Value* object = llvm::getUnderlyingObject(&address);
    const auto* call = llvm::dyn_cast<llvm::CallBase>(object);
    return llvm::isa<llvm::AllocaInst, llvm::AddrSpaceCastInst>(object) ||
           llvm::Operator::getOpcode(object) == llvm::Instruction::IntToPtr ||
           (call != nullptr && !record_size(*call));
}

std::optional<MemoryObject> memory_object(llvm::Value& address, const llvm::DataLayout& layout) {
    MemoryObject object;
    llvm::APInt constant(64, 0);
    bool is_constant = true;
    llvm::Value* at = &address;
    while (auto* step = llvm::dyn_cast<llvm::GEPOperator>(at)) {
        is_constant = is_constant && step->accumulateConstantOffset(layout, constant);
        at = step->getPointerOperand();
    }
    object.base = at;
    if (is_constant) object.offset = constant.getSExtValue();
    if (const auto size = record_size(*at)) {
        object.size = *size;
        object.is_writable = true;
        return object;
    }
    const auto* table = llvm::dyn_cast<llvm::GlobalVariable>(at);
    if (table == nullptr || !table->isConstant() || !table->hasDefinitiveInitializer())
        return std::nullopt;
    object.size = layout.getTypeAllocSize(table->getValueType());
    return object;
}

}  // namespace defib::compiler
