// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Two executions on one processor are compared, and the CPU twin stands for the GPU in every test:
// so the same code on the same memory has to give the same result on both.
//
// What differs by nature is division by zero (x86 traps, PTX gives all ones), the one division that
// overflows, and shifts by the width or more (x86 masks the amount, PTX clamps it). LLVM calls all
// of them undefined, so its optimiser may differ too. Here division by zero gives 0, the overflow
// wraps, and a shift uses the amount modulo the width.
#include "engine/compiler/twins.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include "engine/compiler/runtime_calls.h"

namespace defib::compiler {

namespace {

// Of signed numbers: divide the amounts, then give back the sign. That has no overflow: the amount
// of the smallest number is right as an unsigned one.
llvm::Value* signed_result(llvm::IRBuilder<>& builder, llvm::Function& helper, llvm::Value* value,
                           llvm::Value* by, bool is_remainder) {
    llvm::Value* amount =
        builder.CreateBinaryIntrinsic(llvm::Intrinsic::abs, value, builder.getFalse());
    llvm::Value* by_amount =
        builder.CreateBinaryIntrinsic(llvm::Intrinsic::abs, by, builder.getFalse());
    llvm::Value* result = builder.CreateCall(&helper, {amount, by_amount});
    llvm::Value* zero = builder.getInt64(0);
    llvm::Value* sign = is_remainder ? value : builder.CreateXor(value, by);
    return builder.CreateSelect(builder.CreateICmpSLT(sign, zero), builder.CreateNeg(result),
                                result);
}

void guard_division(llvm::BinaryOperator& division) {
    llvm::Value* by = division.getOperand(1);
    const bool is_signed = division.getOpcode() == llvm::Instruction::SDiv ||
                           division.getOpcode() == llvm::Instruction::SRem;
    const bool is_remainder = division.getOpcode() == llvm::Instruction::URem ||
                              division.getOpcode() == llvm::Instruction::SRem;
    const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(by);
    if (constant != nullptr && !constant->isZero() && !constant->isMinusOne()) return;

    llvm::IRBuilder<> builder(&division);
    llvm::Function& helper = runtime_call(*division.getModule(), is_remainder ? REMAINDER : DIVIDE);
    llvm::Type* u64 = builder.getInt64Ty();
    llvm::Value* value = division.getOperand(0);
    llvm::Value* result = nullptr;
    if (is_signed)
        result = signed_result(builder, helper, builder.CreateSExt(value, u64),
                               builder.CreateSExt(by, u64), is_remainder);
    else
        result = builder.CreateCall(&helper,
                                    {builder.CreateZExt(value, u64), builder.CreateZExt(by, u64)});
    division.replaceAllUsesWith(builder.CreateTrunc(result, division.getType()));
    division.eraseFromParent();
}

void mask_shift(llvm::BinaryOperator& shift) {
    const unsigned width = shift.getType()->getIntegerBitWidth();
    llvm::Value* amount = shift.getOperand(1);
    const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(amount);
    if (constant != nullptr && constant->getValue().ult(width)) return;
    llvm::IRBuilder<> builder(&shift);
    llvm::Value* limit = llvm::ConstantInt::get(shift.getType(), width);
    // The widths of C++ integers are powers of two; SROA may have made others.
    shift.setOperand(
        1, llvm::isPowerOf2_32(width)
               ? builder.CreateAnd(amount, llvm::ConstantInt::get(shift.getType(), width - 1))
               : builder.CreateURem(amount, limit));
}

// clz and ctz of 0 are the width, not undefined.
void define_zero(llvm::IntrinsicInst& count) {
    count.setArgOperand(1, llvm::ConstantInt::getFalse(count.getContext()));
}

}  // namespace

void make_twins_agree(llvm::Function& function) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(instructions(function))) {
        instruction.dropPoisonGeneratingAnnotations();
        switch (instruction.getOpcode()) {
            case llvm::Instruction::UDiv:
            case llvm::Instruction::SDiv:
            case llvm::Instruction::URem:
            case llvm::Instruction::SRem:
                guard_division(llvm::cast<llvm::BinaryOperator>(instruction));
                break;
            case llvm::Instruction::Shl:
            case llvm::Instruction::LShr:
            case llvm::Instruction::AShr:
                mask_shift(llvm::cast<llvm::BinaryOperator>(instruction));
                break;
            default:
                if (auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
                    if (call->getIntrinsicID() == llvm::Intrinsic::ctlz ||
                        call->getIntrinsicID() == llvm::Intrinsic::cttz)
                        define_zero(*call);
        }
    }
}

}  // namespace defib::compiler
