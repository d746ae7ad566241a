// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a routine may be made of. An allow-list: an instruction that no rule here knows is refused,
// so that a new version of clang cannot bring in what nobody thought of.
#include "engine/compiler/check.h"

#include <llvm/Analysis/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include "engine/compiler/names.h"

namespace defib::compiler {

namespace {

bool is_plain_integer(const llvm::Type& type) {
    return type.isIntegerTy() && type.getIntegerBitWidth() <= 64;
}

bool is_kernel_pointer(const llvm::Type& type) {
    return type.isPointerTy() && type.getPointerAddressSpace() == KERNEL_SPACE;
}

// Why a value of this type cannot be; empty where it can.
std::string why_not(const llvm::Type& type) {
    if (type.isVoidTy() || type.isLabelTy() || type.isMetadataTy() || is_plain_integer(type))
        return {};
    if (type.isPointerTy()) {
        const unsigned space = type.getPointerAddressSpace();
        if (space == 0 || space == KERNEL_SPACE) return {};
        return "a pointer into address space " + std::to_string(space) +
               "; kernel pointers are kp<T>";
    }
    if (type.isFloatingPointTy())
        return "floating point, which the two processors round differently; use integers";
    if (type.isVectorTy()) return "a vector; work on one integer at a time";
    if (type.isIntegerTy()) return "an integer of more than 64 bits; use u64";
    if (type.isAggregateType())
        return "a structure or array as one value; copy it member by member";
    return "a value of a kind that routines cannot have; use integers and kernel pointers";
}

std::string why_no_stack(const llvm::AllocaInst& place) {
    if (place.isArrayAllocation() || !llvm::isa<llvm::ConstantInt>(place.getArraySize()))
        return "an array of variable length; emit() a record, or keep a few plain variables";
    if (place.getAllocatedType()->isArrayTy())
        return "an array on the stack that is indexed by a variable, or whose address is used; "
               "emit() a record, use a static constexpr table, or keep plain variables";
    return "a variable that has to lie in memory, because its address is used or parts of it are "
           "chosen by a variable; keep plain variables";
}

// Where it is chosen by a variable, else where it is used at all: where it was declared is lost.
void refuse_stack(const llvm::AllocaInst& place, Refusals& refusals) {
    const llvm::Instruction* at = &place;
    for (const llvm::User* user : place.users()) {
        const auto* use = llvm::cast<llvm::Instruction>(user);
        if (!use->getDebugLoc() || llvm::isa<llvm::IntrinsicInst>(use)) continue;
        const auto* step = llvm::dyn_cast<llvm::GetElementPtrInst>(use);
        const bool is_chosen = step != nullptr && !step->hasAllConstantIndices();
        if (at == &place || is_chosen) at = use;
        if (is_chosen) break;
    }
    refusals.add(*at, why_no_stack(place));
}

void check_cast(const llvm::Instruction& cast, Refusals& refusals) {
    const llvm::Type& from = *cast.getOperand(0)->getType();
    const llvm::Type& to = *cast.getType();
    if (llvm::isa<llvm::AddrSpaceCastInst>(cast))
        return refusals.add(cast,
                            "a cast between kernel and ordinary pointers; kernel data is only "
                            "reached through kp<T>");
    if (llvm::isa<llvm::IntToPtrInst>(cast))
        return refusals.add(cast,
                            "an integer is made a pointer; take the pointer from a field or a "
                            "symbol, or use pointer_from<T>(word)");
    if (llvm::isa<llvm::PtrToIntInst>(cast) && !is_kernel_pointer(from))
        return refusals.add(cast,
                            "an ordinary address is made a number; it differs between "
                            "executions, so nothing may depend on it");
    if (!is_plain_integer(to) && !is_kernel_pointer(from))
        refusals.add(cast, "a cast that routines cannot have; use integers and kernel pointers");
}

void check_instruction(const llvm::Instruction& instruction, const Declaration& declared,
                       Refusals& refusals) {
    if (llvm::isa<llvm::AtomicCmpXchgInst, llvm::AtomicRMWInst, llvm::FenceInst>(instruction))
        return refusals.add(instruction,
                            "an atomic operation or fence, which is not atomic from a GPU; use "
                            "plain loads and stores");
    if (const std::string reason = why_not(*instruction.getType()); !reason.empty())
        return refusals.add(instruction, reason);
    for (const llvm::Use& operand : instruction.operands())
        if (const std::string reason = why_not(*operand->getType()); !reason.empty())
            return refusals.add(instruction, reason);
    switch (instruction.getOpcode()) {
        case llvm::Instruction::Alloca:
            return refuse_stack(llvm::cast<llvm::AllocaInst>(instruction), refusals);
        case llvm::Instruction::Load:
        case llvm::Instruction::Store:
            if (instruction.isAtomic())
                return refusals.add(instruction,
                                    "an atomic access, which is not atomic from a GPU; use a "
                                    "plain one: what a repair depends on is checked again");
            check_access(instruction, declared, refusals);
            return check_ordinary_access(instruction, refusals);
        case llvm::Instruction::GetElementPtr:
            return check_access(instruction, declared, refusals);
        case llvm::Instruction::Call:
            return check_call(llvm::cast<llvm::CallBase>(instruction), declared, refusals);
        case llvm::Instruction::AddrSpaceCast:
        case llvm::Instruction::IntToPtr:
        case llvm::Instruction::PtrToInt:
        case llvm::Instruction::Trunc:
        case llvm::Instruction::ZExt:
        case llvm::Instruction::SExt:
        case llvm::Instruction::BitCast:
            return check_cast(instruction, refusals);
        case llvm::Instruction::IndirectBr:
            return refusals.add(instruction, "a computed goto; use if, switch or a loop");
        case llvm::Instruction::Ret:
        case llvm::Instruction::Br:
        case llvm::Instruction::Switch:
        case llvm::Instruction::Unreachable:
        case llvm::Instruction::Add:
        case llvm::Instruction::Sub:
        case llvm::Instruction::Mul:
        case llvm::Instruction::UDiv:
        case llvm::Instruction::SDiv:
        case llvm::Instruction::URem:
        case llvm::Instruction::SRem:
        case llvm::Instruction::Shl:
        case llvm::Instruction::LShr:
        case llvm::Instruction::AShr:
        case llvm::Instruction::And:
        case llvm::Instruction::Or:
        case llvm::Instruction::Xor:
        case llvm::Instruction::ICmp:
        case llvm::Instruction::PHI:
        case llvm::Instruction::Select:
        case llvm::Instruction::Freeze:
            return;
        default:
            return refusals.add(instruction, std::string("'") + instruction.getOpcodeName() +
                                                 "' is not among what routines are made of; "
                                                 "write it with integers and kernel pointers");
    }
}

// A pointer constant is null or a known object; an expression over addresses is arithmetic.
void check_constants(const llvm::Instruction& instruction, Refusals& refusals) {
    for (const llvm::Use& operand : instruction.operands()) {
        const auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(operand);
        if (expression == nullptr || expression->getOpcode() == llvm::Instruction::GetElementPtr)
            continue;
        refusals.add(instruction, expression->getOpcode() == llvm::Instruction::IntToPtr
                                      ? "an integer is made a pointer; take the pointer from a "
                                        "field or a symbol, or use pointer_from<T>(word)"
                                      : "an address as a number; it differs between executions, "
                                        "so nothing may depend on it");
    }
}

// Every loop has one way in: else there is no place to charge it.
void check_loops(const llvm::Function& function, Refusals& refusals) {
    llvm::DominatorTree dominators(const_cast<llvm::Function&>(function));
    llvm::SmallVector<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>> edges;
    llvm::FindFunctionBackedges(function, edges);
    for (const auto& [from, to] : edges)
        if (!dominators.dominates(to, from))
            refusals.add(*from->getTerminator(),
                         "a loop that is entered in its middle; jump to its start only");
}

}  // namespace

void check_entry(const Entry& entry, Refusals& refusals) {
    const llvm::Function& function = *entry.function;
    check_loops(function, refusals);
    for (const llvm::Instruction& instruction : instructions(function)) {
        check_constants(instruction, refusals);
        check_instruction(instruction, entry.routine.declaration, refusals);
    }
}

void check_module(const llvm::Module& module, Refusals& refusals) {
    if (!module.getModuleInlineAsm().empty())
        refusals.add("assembly outside of functions; write it in the language");
    for (const llvm::GlobalVariable& global : module.globals()) {
        if (global.getName().starts_with("llvm.") || global.use_empty()) continue;
        const std::string name = global.getName().str();
        if (global.isDeclaration())
            refusals.add("'" + name +
                         "' is defined nowhere; a symbol of the kernel is read with "
                         "symbol(T, name)");
        else if (!global.isConstant())
            refusals.add("'" + name +
                         "' is a variable outside of functions, and no state "
                         "outlives an execution; make it static constexpr, or "
                         "report with emit()");
        else if (global.isThreadLocal())
            refusals.add("'" + name + "' is thread-local; make it static constexpr");
    }
    for (const llvm::GlobalAlias& alias : module.aliases())
        refusals.add("'" + alias.getName().str() + "' is an alias; define it once");
    for (const llvm::GlobalIFunc& choice : module.ifuncs())
        refusals.add("'" + choice.getName().str() + "' is chosen at load time; define it once");
}

}  // namespace defib::compiler
