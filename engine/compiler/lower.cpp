// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Lowering: kernel pointers become numbers, and what is done through them becomes calls.
//
// Afterwards an entry has no pointer but its context and its records. That is more than a
// convenience: LLVM reasons about pointers (what they may alias, that they are not null, that they
// stay inside of objects), and none of that holds for addresses of another machine's kernel. About
// numbers it knows nothing but arithmetic.
#include "engine/compiler/lower.h"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InstIterator.h>

#include "engine/compiler/lowering.h"
#include "engine/compiler/names.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

bool is_kernel(const llvm::Value& value) {
    return value.getType()->isPointerTy() &&
           value.getType()->getPointerAddressSpace() == KERNEL_SPACE;
}

// An undefined value would be another one on each processor.
void define_everything(llvm::Function& function) {
    for (llvm::Instruction& instruction : instructions(function))
        for (llvm::Use& operand : instruction.operands())
            if (llvm::isa<llvm::UndefValue>(operand) && !operand->getType()->isMetadataTy() &&
                operand->getType()->isSingleValueType())
                operand.set(llvm::Constant::getNullValue(operand->getType()));
}

bool result_is_signed(const llvm::Function& function) {
    const llvm::DISubprogram* subprogram = function.getSubprogram();
    if (subprogram == nullptr || subprogram->getType()->getTypeArray().size() == 0) return false;
    return shape_of(subprogram->getType()->getTypeArray()[0]).is_signed;
}

}  // namespace

Lowering::Lowering(Entry& entry, const Structures& structures, Manifest& manifest,
                   Refusals& refusals)
    : entry_(entry),
      structures_(structures),
      manifest_(manifest),
      refusals_(refusals),
      builder_(entry.function->getContext()) {}

void Lowering::run() {
    define_everything(*entry_.function);
    take_body();
    lower_blocks();
    finish_phis();
    for (llvm::Instruction* instruction : replaced_) {
        instruction->replaceAllUsesWith(llvm::PoisonValue::get(instruction->getType()));
        instruction->eraseFromParent();
    }
    entry_.function->eraseFromParent();
    entry_.function = function_;
    refuse_unused_declarations();
    mark_optional_slots();
}

void Lowering::take_body() {
    llvm::Function& old = *entry_.function;
    llvm::Module& module = *old.getParent();
    llvm::Type* u64 = builder_.getInt64Ty();
    llvm::SmallVector<llvm::Type*> types(old.arg_size() + 1, u64);
    types.front() = builder_.getPtrTy();
    function_ = llvm::Function::Create(llvm::FunctionType::get(u64, types, false),
                                       llvm::GlobalValue::InternalLinkage,
                                       ROUTINE_PREFIX + old.getName(), module);
    function_->setAttributes(llvm::AttributeList());
    for (const auto kind : {llvm::Attribute::NoUnwind, llvm::Attribute::NullPointerIsValid})
        function_->addFnAttr(kind);
    // No call of memset or strlen is to come out of a loop.
    function_->addFnAttr("no-builtins");
    // Nor a table that a variable indexes out of a switch.
    function_->addFnAttr("no-jump-tables", "true");
    function_->splice(function_->begin(), &old);
    function_->setSubprogram(old.getSubprogram());
    old.setSubprogram(nullptr);
    context_ = function_->getArg(0);
    builder_.SetInsertPoint(function_->getEntryBlock().getFirstInsertionPt());
    for (llvm::Argument& argument : old.args()) {
        llvm::Value* number = function_->getArg(argument.getArgNo() + 1);
        if (is_kernel(argument)) {
            addresses_[&argument] = number;
            continue;
        }
        argument.replaceAllUsesWith(builder_.CreateTrunc(number, argument.getType()));
    }
}

void Lowering::lower_blocks() {
    // Phis first: a loop's is used before what flows into it is known.
    for (llvm::BasicBlock& block : *function_)
        for (llvm::PHINode& phi : block.phis()) {
            if (!is_kernel(phi)) continue;
            builder_.SetInsertPoint(&phi);
            llvm::PHINode* number =
                builder_.CreatePHI(builder_.getInt64Ty(), phi.getNumIncomingValues());
            addresses_[&phi] = number;
            phis_.emplace_back(&phi, number);
            replaced_.push_back(&phi);
        }
    // A definition comes before its uses in this order, so addresses are always known.
    const llvm::ReversePostOrderTraversal<llvm::Function*> order(function_);
    for (llvm::BasicBlock* block : order)
        for (llvm::Instruction& instruction : llvm::make_early_inc_range(*block))
            lower(instruction);
}

void Lowering::finish_phis() {
    for (auto& [phi, number] : phis_)
        for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
            builder_.SetInsertPoint(phi->getIncomingBlock(i)->getTerminator());
            number->addIncoming(address(*phi->getIncomingValue(i)), phi->getIncomingBlock(i));
        }
}

void Lowering::lower(llvm::Instruction& instruction) {
    builder_.SetInsertPoint(&instruction);
    if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
        if (is_kernel(*load->getPointerOperand())) return lower_load(*load);
        return lower_ordinary(*load, llvm::LoadInst::getPointerOperandIndex(), *load->getType());
    }
    if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
        if (is_kernel(*store->getPointerOperand())) return lower_store(*store);
        return lower_ordinary(*store, llvm::StoreInst::getPointerOperandIndex(),
                              *store->getValueOperand()->getType());
    }
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction)) return lower_call(*call);
    if (auto* end = llvm::dyn_cast<llvm::ReturnInst>(&instruction)) return lower_return(*end);
    if (auto* end = llvm::dyn_cast<llvm::UnreachableInst>(&instruction))
        return lower_unreachable(*end);
    if (auto* compare = llvm::dyn_cast<llvm::ICmpInst>(&instruction);
        compare != nullptr && is_kernel(*compare->getOperand(0)))
        return replace(
            *compare, builder_.CreateICmp(compare->getPredicate(), address(*compare->getOperand(0)),
                                          address(*compare->getOperand(1))));
    if (auto* cast = llvm::dyn_cast<llvm::PtrToIntInst>(&instruction))
        return replace(*cast,
                       builder_.CreateZExtOrTrunc(address(*cast->getOperand(0)), cast->getType()));
    if (!is_kernel(instruction) || llvm::isa<llvm::PHINode>(instruction)) return;
    if (auto* step = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
        return replace(*step, step_address(*step));
    if (auto* choice = llvm::dyn_cast<llvm::SelectInst>(&instruction))
        return replace(
            *choice, builder_.CreateSelect(choice->getCondition(), address(*choice->getTrueValue()),
                                           address(*choice->getFalseValue())));
    if (auto* frozen = llvm::dyn_cast<llvm::FreezeInst>(&instruction))
        return replace(*frozen, address(*frozen->getOperand(0)));
    refusals_.add(instruction,
                  "a kernel pointer that comes from nowhere; this is a fault of the "
                  "compiler");
}

void Lowering::lower_return(llvm::ReturnInst& instruction) {
    llvm::Value* value = instruction.getReturnValue();
    if (value == nullptr)
        value = builder_.getInt64(0);
    else if (result_is_signed(*function_))
        value = builder_.CreateSExt(value, builder_.getInt64Ty());
    else
        value = builder_.CreateZExt(value, builder_.getInt64Ty());
    builder_.CreateRet(value);
    instruction.eraseFromParent();
}

// The end of give_up(), or a path that the author says is impossible: nothing is, on a kernel that
// is being written to by others, so that path ends the routine.
void Lowering::lower_unreachable(llvm::UnreachableInst& instruction) {
    const llvm::Instruction* before = instruction.getPrevNonDebugInstruction();
    const bool has_given_up = before != nullptr && call_of(*before, "defib_give_up") != nullptr;
    const bool has_died = before != nullptr && call_of(*before, DIE) != nullptr;
    if (!has_given_up && !has_died)
        call_runtime(DIE, {context_, builder_.getInt32(DEATH_UNREACHABLE)});
    builder_.CreateBr(&dead_block());
    instruction.eraseFromParent();
}

llvm::BasicBlock& Lowering::dead_block() {
    if (dead_ == nullptr) {
        dead_ = llvm::BasicBlock::Create(function_->getContext(), "dead", function_);
        llvm::IRBuilder<>(dead_).CreateRet(builder_.getInt64(0));
    }
    return *dead_;
}

void Lowering::refuse_unused_declarations() {
    const Declaration& declared = entry_.routine.declaration;
    for (const auto* list : {&declared.writes, &declared.writes_found, &declared.writes_symbol})
        for (const std::string& path : *list)
            if (!stored_.contains(path))
                refusals_.add(*function_, "declares a store to " + path +
                                              " and never makes it; drop the declaration");
}

// What exists() is asked for may be missing; so may whatever is inside of it.
void Lowering::mark_optional_slots() {
    Routine& routine = entry_.routine;
    const auto is_inside = [](const std::string& path, const std::string& whole) {
        return path == whole || llvm::StringRef(path).starts_with(whole + ".");
    };
    for (const unsigned asked : routine.slots) {
        const Slot question = manifest_.slots()[asked];
        llvm::StringRef kind = question.kind;
        if (!kind.consume_back("exists")) continue;
        kind.consume_back("_");
        for (const unsigned number : routine.slots) {
            const Slot& slot = manifest_.slots()[number];
            bool is_optional = !kind.empty() && slot.kind == kind && slot.path == question.path;
            if (kind.empty() && (slot.kind == "offset" || slot.kind == "size" ||
                                 slot.kind == "bit_offset" || slot.kind == "bit_width")) {
                is_optional = is_inside(slot.path, question.path);
                for (const Hop& hop : slot.hops)
                    is_optional |= is_inside(hop.type + "." + hop.member, question.path);
            }
            if (is_optional) routine.optional.insert(number);
        }
    }
}

llvm::Value* Lowering::binding(const Slot& slot) {
    const unsigned number = manifest_.slot(slot);
    entry_.routine.slots.insert(number);
    return call_runtime(BINDING, {context_, builder_.getInt32(number)});
}

llvm::Value* Lowering::binding(const char* kind, const std::string& path) {
    return binding(Slot{kind, path, {}, {}});
}

llvm::Value* Lowering::call_runtime(llvm::StringRef name, llvm::ArrayRef<llvm::Value*> arguments) {
    return builder_.CreateCall(&runtime_call(*function_->getParent(), name), arguments);
}

void Lowering::replace(llvm::Instruction& instruction, llvm::Value* value) {
    if (is_kernel(instruction))
        addresses_[&instruction] = value;
    else if (!instruction.getType()->isVoidTy())
        instruction.replaceAllUsesWith(value);
    replaced_.push_back(&instruction);
}

void lower_entry(Entry& entry, const Structures& structures, Manifest& manifest,
                 Refusals& refusals) {
    Lowering(entry, structures, manifest, refusals).run();
}

}  // namespace defib::compiler
