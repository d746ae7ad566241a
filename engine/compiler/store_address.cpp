// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/store_address.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "engine/compiler/access_path.h"
#include "engine/compiler/runtime_calls.h"

namespace defib::compiler {

namespace {

bool is_pointer_load(const llvm::CallBase& load) {
    const auto* width = llvm::dyn_cast<llvm::ConstantInt>(load.getArgOperand(2));
    return width != nullptr && width->getZExtValue() == (8 | LOAD_UNPLANNED);
}

bool is_call_of(const llvm::Value& value, std::initializer_list<const char*> names) {
    return llvm::any_of(names, [&](const char* name) { return call_of(value, name) != nullptr; });
}

}  // namespace

bool has_found_word(const llvm::Value& address) {
    llvm::SmallPtrSet<const llvm::Value*, 16> seen;
    llvm::SmallVector<const llvm::Value*> open = {&address};
    while (!open.empty()) {
        const llvm::Value* at = open.pop_back_val();
        if (!seen.insert(at).second || llvm::isa<llvm::Constant, llvm::Argument>(at)) continue;
        // One bit chooses, and is no address.
        if (at->getType()->isIntegerTy(1)) continue;
        if (const llvm::CallBase* load = call_of(*at, LOAD)) {
            if (!is_pointer_load(*load)) return true;
            continue;
        }
        if (is_call_of(*at, {BINDING, INDEX})) continue;
        const auto* made = llvm::dyn_cast<llvm::Instruction>(at);
        // Division, and whatever memory of the engine's own gives, make no addresses.
        const bool is_other_call =
            llvm::isa_and_nonnull<llvm::CallBase>(made) && !llvm::isa<llvm::IntrinsicInst>(made);
        if (made == nullptr || is_other_call || llvm::isa<llvm::LoadInst>(made)) return true;
        for (const llvm::Use& operand : made->operands())
            if (operand->getType()->isIntegerTy()) open.push_back(operand);
    }
    return false;
}

}  // namespace defib::compiler
