// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The verifier: the second half of the trusted base beside the runtime. It does not trust the
// passes before it, nor LLVM's optimiser: it runs on what they made, before and after, and knows
// nothing but these statements:
//
//   1. Memory is touched by plain loads and stores whose address is a record or a detector's memory
//      that the runtime gave out, or a constant table, plus a constant inside of it or an index
//      that defib_index checked.
//   2. Everything else that leaves the routine is a call of the runtime with the routine's own
//      context; slots, fields, kinds and sizes are constants that the manifest lists for it.
//   3. Every cycle passes a block that charges and whose end goes on only if that was granted.
//   4. A store's address is made of pointers that the kernel has put where they were read, of
//      arguments and of the binding, but where its field is listed as a found one.
//   5. No address is made of a number or a number of an address; nothing is undefined by design.
//
// It is an allow-list: what it does not know, it refuses.
#include "engine/compiler/verify.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/IR/PatternMatch.h>

#include "engine/compiler/access_path.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/store_address.h"

namespace defib::compiler {

namespace {

class Verifier {
  public:
    Verifier(const llvm::Function& function, const Routine& routine,
             const std::vector<Field>& fields, Refusals& refusals)
        : function_(function),
          routine_(routine),
          fields_(fields),
          layout_(function.getParent()->getDataLayout()),
          refusals_(refusals) {}

    void run();

  private:
    void verify(const llvm::Instruction& instruction);
    void verify_operands(const llvm::Instruction& instruction);
    void verify_call(const llvm::CallBase& call);
    void verify_runtime_call(const llvm::CallBase& call);
    void verify_store(const llvm::CallBase& store);
    void verify_fill(const llvm::MemIntrinsic& fill);
    void verify_division(const llvm::Instruction& division);
    void verify_charges();
    bool is_inside(const llvm::Value& address, uint64_t width, bool is_store) const;
    bool is_inside(const llvm::Value& address, uint64_t offset, uint64_t width, bool is_store,
                   llvm::SmallPtrSetImpl<const llvm::Value*>& visited) const;
    void refuse(const llvm::Instruction& at, const std::string& message) {
        refusals_.add(at, "lowered code: " + message);
    }

    const llvm::Function& function_;
    const Routine& routine_;
    const std::vector<Field>& fields_;
    const llvm::DataLayout& layout_;
    Refusals& refusals_;
};

// More than any record or table has, and so little that no sum of offsets wraps around.
constexpr uint64_t MOST_BYTES = uint64_t{1} << 32;

const llvm::ConstantInt* constant(const llvm::CallBase& call, unsigned argument) {
    return llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(argument));
}

bool leads_to_return(const llvm::BasicBlock* block) {
    constexpr int MOST_STEPS = 8;
    for (int step = 0; step < MOST_STEPS; ++step) {
        const llvm::Instruction* end = block->getTerminator();
        if (llvm::isa<llvm::ReturnInst>(end)) return true;
        const auto* branch = llvm::dyn_cast<llvm::BranchInst>(end);
        if (branch == nullptr || branch->isConditional()) return false;
        block = branch->getSuccessor(0);
    }
    return false;
}

// Whether the end of `block` returns where `value` is `truth`, also after the optimiser has joined
// the test with others.
bool returns_if(const llvm::BasicBlock& block, const llvm::Value& value, bool truth) {
    for (const llvm::User* user : value.users()) {
        if (const auto* branch = llvm::dyn_cast<llvm::BranchInst>(user)) {
            if (branch->getParent() == &block &&
                leads_to_return(branch->getSuccessor(truth ? 0 : 1)))
                return true;
            continue;
        }
        if (!user->getType()->isIntegerTy(1)) continue;
        using namespace llvm::PatternMatch;
        const llvm::Value* other = nullptr;
        if (match(user, m_Not(m_Specific(&value))) && returns_if(block, *user, !truth)) return true;
        const bool is_and = match(user, m_c_LogicalAnd(m_Specific(&value), m_Value(other)));
        const bool is_or = match(user, m_c_LogicalOr(m_Specific(&value), m_Value(other)));
        if (((is_and && !truth) || (is_or && truth)) && returns_if(block, *user, truth))
            return true;
    }
    return false;
}

// A charge whose answer decides at the end of its own block: one that is asked later, behind the
// loop perhaps, would let the loop turn for ever.
bool is_charge(const llvm::Instruction& instruction) {
    return call_of(instruction, CHARGE) != nullptr &&
           returns_if(*instruction.getParent(), instruction, false);
}

// What an index is below, whichever way was taken to it: that of a checked index, or the largest
// of several, which the optimiser makes of two accesses that it joins. 0: nobody knows.
uint64_t index_bound(const llvm::Value& index) {
    const auto bound_of = [](const llvm::Value& value) -> uint64_t {
        const llvm::CallBase* checked = call_of(value, INDEX);
        const auto* count = checked == nullptr
                                ? nullptr
                                : llvm::dyn_cast<llvm::ConstantInt>(checked->getArgOperand(2));
        return count == nullptr ? 0 : count->getZExtValue();
    };
    if (!llvm::isa<llvm::PHINode, llvm::SelectInst>(index)) return bound_of(index);
    const auto* either = llvm::cast<llvm::User>(&index);
    uint64_t most = 0;
    for (unsigned i = llvm::isa<llvm::SelectInst>(index) ? 1 : 0; i < either->getNumOperands();
         ++i) {
        const uint64_t bound = bound_of(*either->getOperand(i));
        if (bound == 0) return 0;
        most = std::max(most, bound);
    }
    return most;
}

bool Verifier::is_inside(const llvm::Value& address, uint64_t width, bool is_store) const {
    llvm::SmallPtrSet<const llvm::Value*, 8> visited;
    return is_inside(address, 0, width, is_store, visited);
}

bool Verifier::is_inside(const llvm::Value& address, uint64_t offset, uint64_t width, bool is_store,
                         llvm::SmallPtrSetImpl<const llvm::Value*>& visited) const {
    if (offset > MOST_BYTES || width > MOST_BYTES) return false;
    if (const auto* step = llvm::dyn_cast<llvm::GEPOperator>(&address)) {
        llvm::APInt constant(64, 0);
        if (step->accumulateConstantOffset(layout_, constant))
            return !constant.isNegative() &&
                   is_inside(*step->getPointerOperand(), offset + constant.getZExtValue(), width,
                             is_store, visited);
        const bool is_bytes =
            step->getNumIndices() == 1 && step->getSourceElementType()->isIntegerTy(8);
        const uint64_t count = is_bytes ? index_bound(*step->getOperand(1)) : 0;
        if (count == 0 || count > MOST_BYTES) return false;
        return is_inside(*step->getPointerOperand(), offset + count - 1, width, is_store,
                         visited) &&
               is_inside(*step->getPointerOperand(), offset, width, is_store, visited);
    }
    if (llvm::isa<llvm::PHINode, llvm::SelectInst>(address)) {
        // A pointer that moves in a loop is inside at one turn and outside at another.
        if (!visited.insert(&address).second) return false;
        const auto* either = llvm::cast<llvm::User>(&address);
        for (unsigned i = llvm::isa<llvm::SelectInst>(address) ? 1 : 0;
             i < either->getNumOperands(); ++i)
            if (!is_inside(*either->getOperand(i), offset, width, is_store, visited)) return false;
        visited.erase(&address);
        return true;
    }
    const llvm::CallBase* record = call_of(address, EMIT);
    const llvm::CallBase* memory = call_of(address, MEMORY);
    if (record != nullptr || memory != nullptr) {
        const llvm::ConstantInt* size =
            record != nullptr ? constant(*record, 2) : constant(*memory, 1);
        return size != nullptr && offset + width <= size->getZExtValue();
    }
    const auto* table = llvm::dyn_cast<llvm::GlobalVariable>(&address);
    return !is_store && table != nullptr && table->isConstant() &&
           table->hasDefinitiveInitializer() &&
           offset + width <= layout_.getTypeAllocSize(table->getValueType());
}

void Verifier::verify_operands(const llvm::Instruction& instruction) {
    for (const llvm::Use& operand : instruction.operands()) {
        const llvm::Type* type = operand->getType();
        if (type->isPointerTy() && type->getPointerAddressSpace() != 0)
            return refuse(instruction, "a pointer of another address space");
        if (type->isFloatingPointTy() || type->isVectorTy() || type->isAggregateType())
            return refuse(instruction, "a value that is no integer");
        const auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(operand);
        if (expression != nullptr && expression->getOpcode() != llvm::Instruction::GetElementPtr)
            return refuse(instruction, "an expression over addresses");
    }
}

void Verifier::verify_fill(const llvm::MemIntrinsic& fill) {
    const auto* length = llvm::dyn_cast<llvm::ConstantInt>(fill.getLength());
    const auto* copy = llvm::dyn_cast<llvm::MemTransferInst>(&fill);
    if (length == nullptr || !is_inside(*fill.getRawDest(), length->getZExtValue(), true) ||
        (copy != nullptr && !is_inside(*copy->getRawSource(), length->getZExtValue(), false)))
        refuse(fill, "memory filled or copied outside of a record");
}

void Verifier::verify_store(const llvm::CallBase& store) {
    const llvm::ConstantInt* number = constant(store, 4);
    const uint64_t field = number == nullptr ? 0 : number->getZExtValue() & ~uint64_t{STORE_WHOLE};
    const bool is_listed_as_found = field < fields_.size() && fields_[field].is_found;
    if (!is_listed_as_found && has_found_word(*store.getArgOperand(1)))
        refuse(store, "a store through a word that nothing says is a pointer");
}

void Verifier::verify_runtime_call(const llvm::CallBase& call) {
    const llvm::StringRef name = call.getCalledFunction()->getName();
    if (call.arg_size() == 0 || call.getArgOperand(0) != function_.getArg(0))
        return refuse(call, "a call of the runtime with another context");
    // Operands of these have to be constants that the manifest lists.
    const auto holds = [&](unsigned argument, const auto& allowed) {
        const llvm::ConstantInt* value = constant(call, argument);
        return value != nullptr && allowed(value->getZExtValue());
    };
    const auto is_width = [](uint64_t width) {
        return width == 1 || width == 2 || width == 4 || width == 8;
    };
    const auto is_bound_width = [&](const llvm::Value& value) {
        const auto* cast = llvm::dyn_cast<llvm::TruncInst>(&value);
        return cast != nullptr && call_of(*cast->getOperand(0), BINDING) != nullptr;
    };
    if (name == BINDING && !holds(1, [&](uint64_t slot) {
            return routine_.slots.contains(static_cast<unsigned>(slot));
        }))
        refuse(call, "a slot that the manifest does not list");
    const auto is_load_width = [&](uint64_t width) {
        return is_width(width) || width == (8 | LOAD_UNPLANNED);
    };
    if (name == LOAD && !holds(2, is_load_width) && !is_bound_width(*call.getArgOperand(2)))
        refuse(call, "a load of another width");
    if (name == STORE) verify_store(call);
    if (name == STORE) {
        if (!holds(3, is_width) && !is_bound_width(*call.getArgOperand(3)))
            refuse(call, "a store of another width");
        if (!holds(4, [&](uint64_t field) {
                return routine_.stores.contains(static_cast<unsigned>(field) & ~STORE_WHOLE);
            }))
            refuse(call, "a store to a field that the manifest does not list");
        if (routine_.declaration.kind != "routine")
            refuse(call, "a store in a " + routine_.declaration.kind);
    }
    if (name == EMIT && (!holds(1, [&](uint64_t kind) {
            return routine_.records.contains(kind);
        }) || constant(call, 2) == nullptr))
        refuse(call, "a record that the manifest does not list");
    if ((name == MEMORY || name == NOW) && routine_.declaration.kind != "detector")
        refuse(call, "memory or a clock in a " + routine_.declaration.kind);
    if (name == MEMORY &&
        !holds(1, [&](uint64_t size) { return size > 0 && size <= routine_.memory_size; }))
        refuse(call, "more memory than the manifest lists");
    if (name == CHARGE && !holds(1, [](uint64_t units) { return units > 0; }))
        refuse(call, "a charge of nothing");
}

void Verifier::verify_call(const llvm::CallBase& call) {
    const llvm::Function* callee = call.getCalledFunction();
    if (call.isInlineAsm() || callee == nullptr || !llvm::isa<llvm::CallInst>(call))
        return refuse(call, "a call through a pointer, or assembly");
    if (is_runtime_call(callee->getName())) return verify_runtime_call(call);
    if (is_arithmetic_call(callee->getName())) return;
    switch (callee->getIntrinsicID()) {
        case llvm::Intrinsic::memset:
        case llvm::Intrinsic::memcpy:
        case llvm::Intrinsic::memmove:
            return verify_fill(llvm::cast<llvm::MemIntrinsic>(call));
        case llvm::Intrinsic::abs:
        case llvm::Intrinsic::smax:
        case llvm::Intrinsic::smin:
        case llvm::Intrinsic::umax:
        case llvm::Intrinsic::umin:
        case llvm::Intrinsic::bswap:
        case llvm::Intrinsic::bitreverse:
        case llvm::Intrinsic::ctpop:
        case llvm::Intrinsic::ctlz:
        case llvm::Intrinsic::cttz:
        case llvm::Intrinsic::fshl:
        case llvm::Intrinsic::fshr:
        case llvm::Intrinsic::uadd_sat:
        case llvm::Intrinsic::usub_sat:
        case llvm::Intrinsic::sadd_sat:
        case llvm::Intrinsic::ssub_sat:
        case llvm::Intrinsic::lifetime_start:
        case llvm::Intrinsic::lifetime_end:
            return;
        default:
            return refuse(call, "a call of " + callee->getName().str());
    }
}

// Division by what may be zero is a call of the compiler's helper (twins.cpp).
void Verifier::verify_division(const llvm::Instruction& division) {
    const auto* number = llvm::dyn_cast<llvm::ConstantInt>(division.getOperand(1));
    if (number == nullptr || number->isZero() || number->isMinusOne())
        refuse(division, "a division that one processor traps on");
}

void Verifier::verify(const llvm::Instruction& instruction) {
    verify_operands(instruction);
    switch (instruction.getOpcode()) {
        case llvm::Instruction::Load:
        case llvm::Instruction::Store: {
            const bool is_store = llvm::isa<llvm::StoreInst>(instruction);
            const llvm::Type* type =
                is_store ? instruction.getOperand(0)->getType() : instruction.getType();
            const llvm::Value& address = *llvm::getLoadStorePointerOperand(&instruction);
            if (instruction.isAtomic()) return refuse(instruction, "an atomic access");
            if (!type->isIntegerTy()) return refuse(instruction, "a pointer kept in memory");
            if (!is_inside(address, layout_.getTypeStoreSize(const_cast<llvm::Type*>(type)),
                           is_store))
                refuse(instruction, "memory outside of records and constant tables");
            return;
        }
        case llvm::Instruction::Call:
            return verify_call(llvm::cast<llvm::CallBase>(instruction));
        case llvm::Instruction::UDiv:
        case llvm::Instruction::SDiv:
        case llvm::Instruction::URem:
        case llvm::Instruction::SRem:
            return verify_division(instruction);
        case llvm::Instruction::GetElementPtr:
        case llvm::Instruction::Ret:
        case llvm::Instruction::Br:
        case llvm::Instruction::Switch:
        case llvm::Instruction::Add:
        case llvm::Instruction::Sub:
        case llvm::Instruction::Mul:
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
        case llvm::Instruction::Trunc:
        case llvm::Instruction::ZExt:
        case llvm::Instruction::SExt:
            return;
        default:
            refuse(instruction, std::string("'") + instruction.getOpcodeName() + "'");
    }
}

// Depth first over the blocks without a charge: a block met again on the way down is a cycle that
// nothing charges.
void Verifier::verify_charges() {
    enum class Mark : uint8_t { fresh, open, done };
    llvm::DenseMap<const llvm::BasicBlock*, Mark> marks;
    std::vector<std::pair<const llvm::BasicBlock*, unsigned>> way;
    const auto is_charged = [](const llvm::BasicBlock& block) {
        return llvm::any_of(block, is_charge);
    };
    for (const llvm::BasicBlock& start : function_) {
        if (marks[&start] != Mark::fresh || is_charged(start)) continue;
        marks[&start] = Mark::open;
        way.emplace_back(&start, 0);
        while (!way.empty()) {
            auto& [block, next] = way.back();
            const llvm::Instruction* end = block->getTerminator();
            if (next == end->getNumSuccessors()) {
                marks[block] = Mark::done;
                way.pop_back();
                continue;
            }
            const llvm::BasicBlock* successor = end->getSuccessor(next++);
            if (is_charged(*successor)) continue;
            if (marks[successor] == Mark::open) return refuse(*end, "a loop without a charge");
            if (marks[successor] == Mark::done) continue;
            marks[successor] = Mark::open;
            way.emplace_back(successor, 0);
        }
    }
}

void Verifier::run() {
    for (const llvm::Instruction& instruction : instructions(function_)) verify(instruction);
    verify_charges();
}

}  // namespace

void verify_routine(const llvm::Function& function, const Routine& routine,
                    const std::vector<Field>& fields, Refusals& refusals) {
    Verifier(function, routine, fields, refusals).run();
}

void verify_module(const llvm::Module& module, const Manifest& manifest, Refusals& refusals) {
    std::map<std::string, const Routine*> routines;
    for (const Routine& routine : manifest.routines)
        routines[ROUTINE_PREFIX + routine.declaration.name] = &routine;
    for (const llvm::Function& function : module) {
        if (function.isDeclaration()) {
            if (!function.isIntrinsic() && !is_runtime_call(function.getName()) &&
                !is_arithmetic_call(function.getName()))
                refusals.add("lowered code: '" + function.getName().str() + "' is unknown");
            continue;
        }
        const auto routine = routines.find(function.getName().str());
        if (routine == routines.end())
            refusals.add(function, "lowered code: a function that is no routine");
        else
            verify_routine(function, *routine->second, manifest.fields(), refusals);
    }
    for (const llvm::GlobalVariable& global : module.globals())
        if (!global.isConstant() || !global.hasDefinitiveInitializer())
            refusals.add("lowered code: '" + global.getName().str() + "' is not a constant");
}

}  // namespace defib::compiler
