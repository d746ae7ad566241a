// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/runtime_calls.h"

#include <llvm/ADT/StringSwitch.h>
#include <llvm/IR/IRBuilder.h>

namespace defib::compiler {

namespace {

llvm::FunctionType* type_of(llvm::Module& module, llvm::StringRef name) {
    llvm::LLVMContext& context = module.getContext();
    llvm::Type* nothing = llvm::Type::getVoidTy(context);
    llvm::Type* truth = llvm::Type::getInt1Ty(context);
    llvm::Type* u32 = llvm::Type::getInt32Ty(context);
    llvm::Type* u64 = llvm::Type::getInt64Ty(context);
    llvm::Type* pointer = llvm::PointerType::get(context, 0);
    const auto type = [](llvm::Type* result, llvm::ArrayRef<llvm::Type*> arguments) {
        return llvm::FunctionType::get(result, arguments, false);
    };
    return llvm::StringSwitch<llvm::FunctionType*>(name)
        .Case(LOAD, type(u64, {pointer, u64, u32}))
        .Case(STORE, type(nothing, {pointer, u64, u64, u32, u32}))
        .Case(CHARGE, type(truth, {pointer, u32}))
        .Case(BINDING, type(u64, {pointer, u32}))
        .Case(BINDINGS, type(pointer, {pointer, u32}))
        .Case(EMIT, type(pointer, {pointer, u32, u32}))
        .Case(DIE, type(nothing, {pointer, u32}))
        .Case(MEMORY, type(pointer, {pointer, u32}))
        .Cases(NOW, HOOK, type(u64, {pointer}))
        .Case(INDEX, type(u64, {pointer, u64, u64}))
        .Cases(DIVIDE, REMAINDER, type(u64, {u64, u64}))
        .Case(DISPATCH, type(u64, {pointer, u32, pointer}))
        .Default(nullptr);
}

}  // namespace

bool is_runtime_call(llvm::StringRef name) {
    return llvm::StringSwitch<bool>(name)
        .Cases(LOAD, STORE, CHARGE, BINDING, EMIT, DIE, INDEX, MEMORY, NOW, HOOK, true)
        .Default(false);
}

bool is_arithmetic_call(llvm::StringRef name) {
    return name == DIVIDE || name == REMAINDER;
}

llvm::Function& runtime_call(llvm::Module& module, llvm::StringRef name) {
    if (llvm::Function* known = module.getFunction(name)) return *known;
    auto* function = llvm::Function::Create(type_of(module, name),
                                            llvm::GlobalValue::ExternalLinkage, name, module);
    function->addFnAttr(llvm::Attribute::NoUnwind);
    function->addFnAttr(llvm::Attribute::WillReturn);
    // Two stores that become one have no one field any more.
    function->addFnAttr(llvm::Attribute::NoMerge);
    if (name == CHARGE) function->addRetAttr(llvm::Attribute::ZExt);
    if (name == BINDING || is_arithmetic_call(name)) {
        // What is bound does not change while a routine runs: one lookup serves a whole loop.
        function->setDoesNotAccessMemory();
        function->addFnAttr(llvm::Attribute::Speculatable);
    }
    return *function;
}

namespace {

void add_index(llvm::Function& function) {
    llvm::Module& module = *function.getParent();
    llvm::LLVMContext& context = module.getContext();
    auto* entry = llvm::BasicBlock::Create(context, "", &function);
    auto* outside = llvm::BasicBlock::Create(context, "", &function);
    auto* inside = llvm::BasicBlock::Create(context, "", &function);
    llvm::IRBuilder<> builder(entry);
    builder.CreateCondBr(builder.CreateICmpULT(function.getArg(1), function.getArg(2)), inside,
                         outside);
    builder.SetInsertPoint(outside);
    builder.CreateCall(&runtime_call(module, DIE),
                       {function.getArg(0), builder.getInt32(DEATH_INDEX)});
    builder.CreateRet(builder.getInt64(0));
    builder.SetInsertPoint(inside);
    builder.CreateRet(function.getArg(1));
}

void add_division(llvm::Function& function, llvm::Instruction::BinaryOps operation) {
    auto* entry = llvm::BasicBlock::Create(function.getContext(), "", &function);
    llvm::IRBuilder<> builder(entry);
    llvm::Value* zero = builder.getInt64(0);
    llvm::Value* is_zero = builder.CreateICmpEQ(function.getArg(1), zero);
    llvm::Value* by = builder.CreateSelect(is_zero, builder.getInt64(1), function.getArg(1));
    llvm::Value* result = builder.CreateBinOp(operation, function.getArg(0), by);
    builder.CreateRet(builder.CreateSelect(is_zero, zero, result));
}

}  // namespace

void add_helpers(llvm::Module& module) {
    for (const char* name : {INDEX, DIVIDE, REMAINDER}) {
        llvm::Function* function = module.getFunction(name);
        if (function == nullptr) continue;
        if (llvm::StringRef(name) == INDEX)
            add_index(*function);
        else
            add_division(*function, llvm::StringRef(name) == DIVIDE ? llvm::Instruction::UDiv
                                                                    : llvm::Instruction::URem);
        function->setLinkage(llvm::GlobalValue::InternalLinkage);
    }
}

void read_bindings(llvm::Function& routine, unsigned slots) {
    llvm::Module& module = *routine.getParent();
    llvm::Function* lookup = module.getFunction(BINDING);
    if (lookup == nullptr || slots == 0) return;
    llvm::IRBuilder<> builder(&*routine.getEntryBlock().getFirstInsertionPt());
    llvm::Value* values = builder.CreateCall(&runtime_call(module, BINDINGS),
                                             {routine.getArg(0), builder.getInt32(slots)});
    llvm::MDNode* does_not_change = llvm::MDNode::get(module.getContext(), {});
    for (llvm::User* user : llvm::make_early_inc_range(lookup->users())) {
        auto* call = llvm::cast<llvm::CallInst>(user);
        if (call->getFunction() != &routine) continue;
        builder.SetInsertPoint(call);
        llvm::LoadInst* value = builder.CreateLoad(
            builder.getInt64Ty(),
            builder.CreateInBoundsGEP(builder.getInt64Ty(), values, call->getArgOperand(1)));
        value->setMetadata(llvm::LLVMContext::MD_invariant_load, does_not_change);
        call->replaceAllUsesWith(value);
        call->eraseFromParent();
    }
}

void add_dispatch(llvm::Module& module, const std::vector<std::string>& routines) {
    llvm::LLVMContext& context = module.getContext();
    llvm::Function& function = runtime_call(module, DISPATCH);
    auto* entry = llvm::BasicBlock::Create(context, "", &function);
    auto* unknown = llvm::BasicBlock::Create(context, "", &function);
    llvm::IRBuilder<> builder(entry);
    llvm::SwitchInst* choice =
        builder.CreateSwitch(function.getArg(1), unknown, static_cast<unsigned>(routines.size()));
    builder.SetInsertPoint(unknown);
    builder.CreateCall(&runtime_call(module, DIE),
                       {function.getArg(0), builder.getInt32(DEATH_ROUTINE)});
    builder.CreateRet(builder.getInt64(0));
    for (uint32_t number = 0; number < routines.size(); ++number) {
        llvm::Function* routine = module.getFunction(ROUTINE_PREFIX + routines[number]);
        auto* block = llvm::BasicBlock::Create(context, "", &function);
        choice->addCase(builder.getInt32(number), block);
        builder.SetInsertPoint(block);
        llvm::SmallVector<llvm::Value*> arguments = {function.getArg(0)};
        for (unsigned i = 0; i + 1 < routine->arg_size(); ++i) {
            llvm::Value* place =
                builder.CreateConstInBoundsGEP1_32(builder.getInt64Ty(), function.getArg(2), i);
            arguments.push_back(builder.CreateLoad(builder.getInt64Ty(), place));
        }
        builder.CreateRet(builder.CreateCall(routine, arguments));
    }
}

}  // namespace defib::compiler
