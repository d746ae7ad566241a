// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One entry, one function. Everything that an entry calls is inlined into it, and its stack is
// turned into registers: then a value's whole history is in one place, and what reads or stores
// memory is visible. Nothing else of the optimiser runs before the rules are checked: it would
// merge, move and rename what the rules look at.
#include "engine/compiler/flatten.h"

#include <llvm/ADT/SCCIterator.h>
#include <llvm/Analysis/CallGraph.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/InstSimplifyPass.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Utils/Local.h>

namespace defib::compiler {

namespace {

void refuse_recursion(llvm::Module& module, Refusals& refusals) {
    const llvm::CallGraph graph(module);
    for (auto cycle = llvm::scc_begin(&graph); !cycle.isAtEnd(); ++cycle) {
        if (!cycle.hasCycle()) continue;
        for (const llvm::CallGraphNode* node : *cycle) {
            const llvm::Function* function = node->getFunction();
            if (function == nullptr || function->isDeclaration()) continue;
            refusals.add(*function, "calls itself, directly or through others; use a loop");
        }
    }
}

// C++ keeps the types of arguments in a function's name; with C linkage another file could declare
// it with other ones.
void refuse_c_linkage(const llvm::Module& module, const std::map<std::string, Entry>& entries,
                      Refusals& refusals) {
    for (const llvm::Function& function : module) {
        const std::string name = function.getName().str();
        if (function.isDeclaration() || function.hasLocalLinkage() || entries.contains(name))
            continue;
        if (!function.getName().starts_with("_Z"))
            refusals.add(function,
                         "'" + name + "' has C linkage and is no entry; drop extern \"C\"");
    }
}

void make_inlinable(llvm::Module& module, const std::map<std::string, Entry>& entries) {
    for (llvm::Function& function : module) {
        if (function.isDeclaration()) continue;
        function.removeFnAttr(llvm::Attribute::OptimizeNone);
        function.removeFnAttr(llvm::Attribute::NoInline);
        function.removeFnAttr(llvm::Attribute::MustProgress);
        function.setComdat(nullptr);
        if (entries.contains(function.getName().str())) continue;
        function.setLinkage(llvm::GlobalValue::InternalLinkage);
        function.addFnAttr(llvm::Attribute::AlwaysInline);
    }
}

// What is only written to, as the padding of an iterator, is no state.
bool is_write_only(const llvm::AllocaInst& place) {
    for (const llvm::User* user : place.users()) {
        if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(user))
            if (store->getPointerOperand() == &place) continue;
        if (llvm::isa<llvm::LifetimeIntrinsic, llvm::MemSetInst>(user)) continue;
        return false;
    }
    return true;
}

void remove_write_only(llvm::Function& function) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(instructions(function))) {
        auto* place = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
        if (place == nullptr || !is_write_only(*place)) continue;
        while (!place->use_empty())
            llvm::cast<llvm::Instruction>(place->user_back())->eraseFromParent();
        place->eraseFromParent();
    }
}

// A small structure that a helper returns from several places: one phi for each of its members.
bool split_aggregate_phis(llvm::Function& function) {
    std::vector<llvm::PHINode*> phis;
    for (llvm::BasicBlock& block : function)
        for (llvm::PHINode& phi : block.phis())
            if (phi.getType()->isStructTy()) phis.push_back(&phi);
    for (llvm::PHINode* phi : phis) {
        llvm::IRBuilder<> builder(phi->getParent(), phi->getParent()->getFirstInsertionPt());
        llvm::Value* whole = llvm::PoisonValue::get(phi->getType());
        for (unsigned i = 0; i < phi->getType()->getStructNumElements(); ++i) {
            llvm::Type* type = phi->getType()->getStructElementType(i);
            auto* member =
                llvm::PHINode::Create(type, phi->getNumIncomingValues(), "", phi->getIterator());
            for (unsigned k = 0; k < phi->getNumIncomingValues(); ++k) {
                llvm::IRBuilder<> at(phi->getIncomingBlock(k)->getTerminator());
                member->addIncoming(at.CreateExtractValue(phi->getIncomingValue(k), i),
                                    phi->getIncomingBlock(k));
            }
            whole = builder.CreateInsertValue(whole, member, i);
        }
        phi->replaceAllUsesWith(whole);
        phi->eraseFromParent();
    }
    return !phis.empty();
}

// A member that is taken out of a structure is the one that was put in, through any nesting.
void resolve_members(llvm::Function& function) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(instructions(function))) {
        auto* member = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction);
        if (member == nullptr || member->getType()->isAggregateType()) continue;
        llvm::Value* value =
            llvm::FindInsertedValue(member->getAggregateOperand(), member->getIndices());
        if (value == nullptr) continue;
        member->replaceAllUsesWith(value);
        member->eraseFromParent();
    }
}

// The order of names does not depend on where a value was declared, so the digest does not either.
void drop_variables(llvm::Function& function) {
    for (llvm::Instruction& instruction : instructions(function)) {
        instruction.dropDbgRecords();
        instruction.setMetadata(llvm::LLVMContext::MD_loop, nullptr);
        instruction.setMetadata(llvm::LLVMContext::MD_range, nullptr);
        instruction.setMetadata(llvm::LLVMContext::MD_noundef, nullptr);
    }
}

}  // namespace

void flatten(llvm::Module& module, const std::map<std::string, Entry>& entries,
             Refusals& refusals) {
    refuse_recursion(module, refusals);
    refuse_c_linkage(module, entries, refusals);
    make_inlinable(module, entries);
    if (!refusals.empty()) return;

    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager cycles;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(cycles);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, cycles, modules);

    llvm::FunctionPassManager simplify;
    simplify.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
    simplify.addPass(llvm::InstSimplifyPass());
    simplify.addPass(llvm::ADCEPass());
    simplify.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
    simplify.addPass(llvm::InstSimplifyPass());
    llvm::ModulePassManager passes;
    passes.addPass(llvm::AlwaysInlinerPass());
    passes.addPass(llvm::GlobalDCEPass());
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(simplify)));
    for (llvm::Function& function : module) drop_variables(function);
    passes.run(module, modules);

    llvm::FunctionPassManager simplify_again;
    simplify_again.addPass(llvm::InstSimplifyPass());
    simplify_again.addPass(llvm::ADCEPass());
    for (llvm::Function& function : module) {
        if (function.isDeclaration()) continue;
        do {
            resolve_members(function);
            functions.invalidate(function, llvm::PreservedAnalyses::none());
            simplify_again.run(function, functions);
        } while (split_aggregate_phis(function));
        drop_variables(function);
        llvm::removeUnreachableBlocks(function);
        remove_write_only(function);
    }
}

}  // namespace defib::compiler
