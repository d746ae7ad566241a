// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules for calls. After flattening only three kinds are left in an entry: the calls of
// language.h, the intrinsics that clang makes of plain arithmetic, and what is refused.
#include <llvm/ADT/StringSwitch.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include "engine/compiler/access_path.h"
#include "engine/compiler/check.h"
#include "engine/compiler/memory_object.h"
#include "engine/compiler/names.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

constexpr uint64_t MOST_RECORD_BYTES = 2048;  // DEFIB_RECORD_SIZE_MAX
constexpr uint64_t MOST_TAG_BITS = 0xfff;     // below the alignment of a page

void check_member(const llvm::IntrinsicInst& call, Refusals& refusals) {
    const llvm::DICompositeType* type = accessed_type(call);
    if (type == nullptr)
        return refusals.add(call, "has no debug information; compile with the build's flags");
    if (type->getName().empty())
        return refusals.add(call,
                            "a structure or union without a name; declare its members in the "
                            "structure that holds it, as if the braces were not there");
    const AccessPath path = access_path(call);
    if (path.hops.empty())
        return refusals.add(call, "a member that cannot be named; declare it plainly");
    // Not BitField: a C++ bit-field, whose place would be the declaration's.
    const unsigned operand =
        call.getIntrinsicID() == llvm::Intrinsic::preserve_union_access_index ? 1 : 2;
    const auto index = static_cast<unsigned>(
        llvm::cast<llvm::ConstantInt>(call.getArgOperand(operand))->getZExtValue());
    const auto* member = llvm::dyn_cast<llvm::DIDerivedType>(type->getElements()[index]);
    if (member == nullptr || member->isBitField())
        refusals.add(call, path.text + " is declared as a C++ bit-field; declare it 'BitField " +
                               path.hops.back().member + ";' and use bits()");
}

void check_record(const llvm::CallBase& call, Refusals& refusals) {
    const auto* kind = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(0));
    const auto* size = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(1));
    if (kind == nullptr || size == nullptr)
        return refusals.add(call, "the kind of a record is a variable; give emit() a constant");
    if (size->getZExtValue() > MOST_RECORD_BYTES)
        refusals.add(call, "a record of " + std::to_string(size->getZExtValue()) +
                               " bytes; the most is " + std::to_string(MOST_RECORD_BYTES));
}

// A repair must not depend on anything but the kernel as it is: two executions have to agree.
void check_detectors_call(const llvm::CallBase& call, const Declaration& declared,
                          Refusals& refusals) {
    const bool is_clock = call.getCalledFunction()->getName() == "defib_clock";
    if (declared.kind != "detector")
        return refusals.add(call, std::string(is_clock ? "now()" : "remember()") + " in a " +
                                      declared.kind + "; only detectors know time");
    if (is_clock) return;
    const auto* size = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(0));
    if (size == nullptr || size->getZExtValue() > MOST_MEMORY_BYTES)
        refusals.add(call, "more than " + std::to_string(MOST_MEMORY_BYTES) +
                               " bytes to remember; keep less");
}

void check_untag(const llvm::CallBase& call, Refusals& refusals) {
    const auto* mask = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(1));
    if (mask == nullptr || mask->getZExtValue() > MOST_TAG_BITS)
        refusals.add(call, "untag() takes a constant of at most the low 12 bits");
}

void check_narrow(const llvm::CallBase& call, Refusals& refusals) {
    const AccessPath path = access_path(*call.getArgOperand(0));
    const Shape shape = shape_of(path.leaf);
    const auto* index = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(1));
    const auto* width = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(2));
    if (path.narrowed != 0)
        return refusals.add(
            call, "narrow() of a part of " + path.text + "; narrow the whole member, once");
    if (shape.kind != "integer" || !shape.array.empty())
        return refusals.add(call, "narrow() takes the address of an integer member");
    if (index == nullptr || width == nullptr)
        return refusals.add(call, "narrow() takes a constant index");
    if (width->getZExtValue() >= shape.width ||
        index->getZExtValue() >= shape.width / width->getZExtValue())
        refusals.add(call, "narrow() takes a part that lies inside of " + path.text);
}

void check_set_bits(const llvm::CallBase& call, const Declaration& declared, Refusals& refusals) {
    AccessPath path = bits_path(call);
    const std::string name = literal(call, 1);
    const llvm::DICompositeType* type =
        Structures(*call.getModule()).named(llvm::StringRef(name).split('.').first);
    const bool is_alone = path.text == plain_path(name);
    if (type == nullptr || (is_alone && is_part(*type))) path.root = Root::part;
    check_store(call, path, declared, /*is_found_value=*/false, refusals);
}

void check_literals(const llvm::CallBase& call, Refusals& refusals) {
    for (unsigned i = 0; i < call.arg_size(); ++i) {
        const llvm::Type* type = call.getArgOperand(i)->getType();
        const bool is_text = type->isPointerTy() && type->getPointerAddressSpace() == 0;
        if (is_text && literal(call, i).empty())
            refusals.add(call, "the name of a question is a variable; write it out");
    }
}

bool is_of_language(llvm::StringRef name) {
    return llvm::StringSwitch<bool>(name)
        .Cases("defib_query", "defib_symbol", "defib_container", "defib_element", "defib_untag",
               true)
        .Cases("defib_pointer", "defib_narrow", "defib_per_cpu", "defib_scratch", "defib_bits",
               true)
        .Cases("defib_set_bits", "defib_record", "defib_give_up", true)
        .Cases("defib_remember", "defib_clock", "defib_ring", true)
        .Default(false);
}

void check_language_call(const llvm::CallBase& call, const Declaration& declared,
                         Refusals& refusals) {
    check_literals(call, refusals);
    const llvm::StringRef name = call.getCalledFunction()->getName();
    if (name == "defib_record") check_record(call, refusals);
    if (name == "defib_remember" || name == "defib_clock")
        check_detectors_call(call, declared, refusals);
    if (name == "defib_untag") check_untag(call, refusals);
    if (name == "defib_narrow") check_narrow(call, refusals);
    if (name == "defib_set_bits") check_set_bits(call, declared, refusals);
    if (name == "defib_query" && !llvm::isa<llvm::ConstantInt>(call.getArgOperand(0)))
        refusals.add(call, "the kind of a question is a variable; use the macros of language.h");
    if (name == "defib_symbol" && !llvm::isa<llvm::ConstantInt>(call.getArgOperand(2)))
        refusals.add(call, "the type of a symbol is not known; use the macros of language.h");
    if (name == "defib_scratch") {
        if (!declared.uses_scratch)
            refusals.add(call, "scratch() without its declaration; declare USES_SCRATCH");
        if (!llvm::isa<llvm::ConstantInt>(call.getArgOperand(1)))
            refusals.add(call, "scratch() takes a constant size");
    }
}

// A whole record may be zeroed or filled from a constant; anything else is copied by members.
void check_fill(const llvm::MemIntrinsic& fill, Refusals& refusals) {
    const llvm::DataLayout& layout = fill.getModule()->getDataLayout();
    const auto* length = llvm::dyn_cast<llvm::ConstantInt>(fill.getLength());
    const auto holds = [&](llvm::Value& address) {
        if (address.getType()->getPointerAddressSpace() != 0 || length == nullptr) return false;
        const auto object = memory_object(address, layout);
        if (!object || !object->offset || *object->offset < 0) return false;
        const auto offset = static_cast<uint64_t>(*object->offset);
        // No sum: it could wrap around and look small.
        return offset <= object->size && length->getZExtValue() <= object->size - offset &&
               (object->is_writable || &address != fill.getRawDest());
    };
    const auto* copy = llvm::dyn_cast<llvm::MemTransferInst>(&fill);
    if (is_refused_already(*fill.getRawDest()) ||
        (copy != nullptr && is_refused_already(*copy->getRawSource())))
        return;
    const bool is_fine = !fill.isVolatile() && holds(*fill.getRawDest()) &&
                         (copy == nullptr || holds(*copy->getRawSource()));
    if (!is_fine)
        refusals.add(fill, "memory is copied or filled as a whole; copy member by member");
}

bool is_plain_arithmetic(llvm::Intrinsic::ID intrinsic) {
    switch (intrinsic) {
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
        case llvm::Intrinsic::lifetime_start:
        case llvm::Intrinsic::lifetime_end:
            return true;
        default:
            return false;
    }
}

void check_intrinsic(const llvm::IntrinsicInst& call, Refusals& refusals) {
    switch (call.getIntrinsicID()) {
        case llvm::Intrinsic::preserve_struct_access_index:
        case llvm::Intrinsic::preserve_union_access_index:
            return check_member(call, refusals);
        case llvm::Intrinsic::preserve_array_access_index:
            return;
        case llvm::Intrinsic::memset:
        case llvm::Intrinsic::memcpy:
        case llvm::Intrinsic::memmove:
            return check_fill(llvm::cast<llvm::MemIntrinsic>(call), refusals);
        case llvm::Intrinsic::trap:
            return refusals.add(call, "__builtin_trap(); use give_up(reason)");
        default:
            break;
    }
    if (!is_plain_arithmetic(call.getIntrinsicID()))
        refusals.add(call, "'" + call.getCalledFunction()->getName().str() +
                               "' is not among what routines may call; write it out");
}

}  // namespace

void check_call(const llvm::CallBase& call, const Declaration& declared, Refusals& refusals) {
    if (call.isInlineAsm()) return refusals.add(call, "inline assembly; write it in the language");
    const llvm::Function* callee = call.getCalledFunction();
    if (callee == nullptr)
        return refusals.add(call, "a call through a pointer; call the function by its name");
    if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call)) {
        check_access(call, declared, refusals);
        return check_intrinsic(*intrinsic, refusals);
    }
    if (is_of_language(callee->getName())) return check_language_call(call, declared, refusals);
    if (!callee->isDeclaration())
        return refusals.add(call,
                            "'" + callee->getName().str() +
                                "' is an entry of its own; move what both need to a function");
    refusals.add(call, "'" + callee->getName().str() +
                           "' is defined nowhere in this set; routines call their own functions "
                           "and the language's");
}

}  // namespace defib::compiler
