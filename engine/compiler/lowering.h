// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The state of lowering one entry; only lower*.cpp include it.
#ifndef DEFIB_ENGINE_COMPILER_LOWERING_H
#define DEFIB_ENGINE_COMPILER_LOWERING_H

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "engine/compiler/access_path.h"
#include "engine/compiler/declarations.h"
#include "engine/compiler/manifest.h"
#include "engine/compiler/refusal.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

class Lowering {
  public:
    Lowering(Entry& entry, const Structures& structures, Manifest& manifest, Refusals& refusals);
    void run();

  private:
    // lower.cpp: the function around it.
    void take_body();
    void lower_blocks();
    void lower(llvm::Instruction& instruction);
    void lower_return(llvm::ReturnInst& instruction);
    void lower_unreachable(llvm::UnreachableInst& instruction);
    void finish_phis();
    void refuse_unused_declarations();
    void mark_optional_slots();
    llvm::BasicBlock& dead_block();

    // lower_access.cpp: addresses, loads, stores.
    llvm::Value* address(const llvm::Value& pointer);
    llvm::Value* member_address(const llvm::CallBase& call);
    llvm::Value* place_of(const llvm::CallBase& member);
    llvm::Value* array_address(const llvm::CallBase& call);
    llvm::Value* step_address(const llvm::GetElementPtrInst& step);
    llvm::Value* checked_index(llvm::Value* index, const llvm::Value& array,
                               const llvm::Value& address);
    void lower_load(llvm::LoadInst& load);
    void lower_store(llvm::StoreInst& store);
    void lower_ordinary(llvm::Instruction& access, unsigned pointer_operand, llvm::Type& type);
    Field field_of(const AccessPath& path, const llvm::Type& type) const;

    // lower_call.cpp: the calls of language.h.
    void lower_call(llvm::CallBase& call);
    llvm::Value* symbol(const llvm::CallBase& call);
    llvm::Value* container(const llvm::CallBase& call);
    llvm::Value* per_cpu(const llvm::CallBase& call);
    llvm::Value* scratch(const llvm::CallBase& call);
    llvm::Value* in_scratch(llvm::Value* place, unsigned width);
    llvm::Value* scratch_at(llvm::Value* offset, llvm::Value* size);
    llvm::Value* bits(const llvm::CallBase& call, bool is_store);
    llvm::Value* memory(const llvm::CallBase& call);
    void note_record(const llvm::CallBase& call);
    void lower_record(const llvm::CallBase& call, llvm::Value*& result);
    llvm::Value* query(const llvm::CallBase& call);

    // One lookup in the binding.
    llvm::Value* binding(const Slot& slot);
    llvm::Value* binding(const char* kind, const std::string& path);
    llvm::Value* call_runtime(llvm::StringRef name, llvm::ArrayRef<llvm::Value*> arguments);
    void replace(llvm::Instruction& instruction, llvm::Value* value);

    Entry& entry_;
    const Structures& structures_;
    Manifest& manifest_;
    Refusals& refusals_;
    llvm::Function* function_ = nullptr;
    llvm::Value* context_ = nullptr;
    llvm::BasicBlock* dead_ = nullptr;
    llvm::IRBuilder<> builder_;
    // Kernel pointers as numbers.
    llvm::DenseMap<const llvm::Value*, llvm::Value*> addresses_;
    std::vector<llvm::Instruction*> replaced_;
    std::vector<std::pair<llvm::PHINode*, llvm::PHINode*>> phis_;
    std::set<std::string> stored_;
};

// Where the address ends up as one that is stored to.
bool feeds_store(const llvm::Value& address);

}  // namespace defib::compiler

#endif
