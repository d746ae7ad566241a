// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Fuel bounds every execution: the kernel's lists may be circular, torn or hostile, so no loop's
// end is believed. The runtime charges each load, store and record; here each turn of a loop is
// charged, at its header, which every back edge reaches. Since nothing unwinds on a GPU, the header
// is also where a dead routine leaves.
#include "engine/compiler/fuel.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "engine/compiler/runtime_calls.h"

namespace defib::compiler {

namespace {

constexpr unsigned INSTRUCTIONS_PER_UNIT = 32;

// A turn that computes much costs more: what inner loops do is charged there.
unsigned units_of(const llvm::Loop& loop, const llvm::LoopInfo& loops) {
    size_t instructions = 0;
    for (const llvm::BasicBlock* block : loop.blocks())
        if (loops.getLoopFor(block) == &loop) instructions += block->size();
    return 1 + static_cast<unsigned>(instructions / INSTRUCTIONS_PER_UNIT);
}

LoopCost place_of(const llvm::Loop& loop, unsigned units) {
    LoopCost cost;
    cost.units = units;
    const llvm::DILocation* place = loop.getStartLoc().get();
    if (place == nullptr) return cost;
    // The routine's own line, also where the loop is one of the language's iterators.
    while (place->getInlinedAt() != nullptr) place = place->getInlinedAt();
    cost.file = place->getFilename().str();
    cost.line = place->getLine();
    return cost;
}

void charge(llvm::BasicBlock& header, unsigned units, llvm::BasicBlock& dead) {
    llvm::Function& function = *header.getParent();
    llvm::BasicBlock* body = llvm::SplitBlock(&header, header.getFirstInsertionPt());
    llvm::Instruction* end = header.getTerminator();
    llvm::IRBuilder<> builder(end);
    if (llvm::DISubprogram* subprogram = function.getSubprogram())
        builder.SetCurrentDebugLocation(
            llvm::DILocation::get(function.getContext(), 0, 0, subprogram));
    llvm::Value* is_alive = builder.CreateCall(&runtime_call(*function.getParent(), CHARGE),
                                               {function.getArg(0), builder.getInt32(units)});
    builder.CreateCondBr(is_alive, body, &dead);
    end->eraseFromParent();
}

}  // namespace

std::vector<LoopCost> charge_loops(llvm::Function& function) {
    llvm::DominatorTree dominators(function);
    const llvm::LoopInfo loops(dominators);
    std::vector<LoopCost> costs;
    std::vector<std::pair<llvm::BasicBlock*, unsigned>> headers;
    for (const llvm::Loop* loop : loops.getLoopsInPreorder()) {
        const unsigned units = units_of(*loop, loops);
        costs.push_back(place_of(*loop, units));
        headers.emplace_back(loop->getHeader(), units);
    }
    if (headers.empty()) return costs;
    auto* dead = llvm::BasicBlock::Create(function.getContext(), "out_of_fuel", &function);
    llvm::IRBuilder<> builder(dead);
    builder.CreateRet(builder.getInt64(0));
    for (const auto& [header, units] : headers) charge(*header, units, *dead);
    return costs;
}

}  // namespace defib::compiler
