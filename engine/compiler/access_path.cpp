// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// An allow-list that saw only the last step (`list_head.next`) would allow a store to every list of
// the kernel. So a path starts at the structure that the pointer leads to, and keeps every member
// and index on the way. It ends where a pointer is read from memory: from there on the address is a
// value like any other, and what it points to is a new root.
#include "engine/compiler/access_path.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "engine/compiler/list_walk.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

constexpr uint64_t MOST_CERTAIN_TAG = 7;  // objects are aligned to 8

using Visited = llvm::SmallPtrSet<const llvm::Value*, 8>;

AccessPath follow(const llvm::Value& address, Visited& visited);

bool is_member_access(const llvm::Value& value) {
    const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&value);
    if (call == nullptr) return false;
    return call->getIntrinsicID() == llvm::Intrinsic::preserve_struct_access_index ||
           call->getIntrinsicID() == llvm::Intrinsic::preserve_union_access_index;
}

bool is_array_access(const llvm::Value& value) {
    const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&value);
    return call != nullptr &&
           call->getIntrinsicID() == llvm::Intrinsic::preserve_array_access_index;
}

const llvm::DIDerivedType* member_of(const llvm::IntrinsicInst& call) {
    const llvm::DICompositeType* type = accessed_type(call);
    if (type == nullptr) return nullptr;
    const unsigned operand =
        call.getIntrinsicID() == llvm::Intrinsic::preserve_union_access_index ? 1 : 2;
    const auto* index = llvm::cast<llvm::ConstantInt>(call.getArgOperand(operand));
    const llvm::DINodeArray members = type->getElements();
    if (index->getZExtValue() >= members.size()) return nullptr;
    return llvm::dyn_cast<llvm::DIDerivedType>(
        members[static_cast<unsigned>(index->getZExtValue())]);
}

bool is_same_type(const llvm::DIType* leaf, llvm::StringRef type) {
    leaf = bare_type(leaf);
    return leaf != nullptr && leaf->getName() == type;
}

// One step further, to a member of what is at `base`: inside of what holds it, or at a root of its
// own.
AccessPath step_to(AccessPath path, const llvm::Value& base, llvm::StringRef type, bool is_part,
                   const std::string& member) {
    const Hop hop{without_flavour(type), member};
    const bool goes_on = (path.root == Root::structure || path.root == Root::part) &&
                         path.leaf != nullptr && is_same_type(path.leaf, type);
    if (!goes_on) {
        AccessPath fresh;
        fresh.root = is_part ? Root::part : Root::structure;
        fresh.is_found = path.is_found;
        fresh.is_scratch = path.is_scratch;
        fresh.symbols = path.symbols;
        fresh.text = hop.type;
        fresh.base = &base;
        path = fresh;
    } else if (path.hops.empty()) {
        path.base = &base;
    }
    path.text += "." + hop.member;
    path.hops.push_back(hop);
    path.leaf = nullptr;
    path.is_bit_field = false;
    path.holds.clear();
    return path;
}

AccessPath member_path(const llvm::IntrinsicInst& call, Visited& visited) {
    const llvm::DICompositeType* type = accessed_type(call);
    const llvm::DIDerivedType* member = member_of(call);
    if (member == nullptr) return {};
    const llvm::Value& base = *call.getArgOperand(0);
    AccessPath path = step_to(follow(base, visited), base, type->getName(), is_part(*type),
                              member->getName().str());
    path.leaf = member->getBaseType();
    path.is_bit_field = member->isBitField();
    path.holds = held_by(*member);
    return path;
}

AccessPath index_path(const llvm::Value& base, Visited& visited) {
    AccessPath path = follow(base, visited);
    path.text += "[]";
    path.hops.clear();
    const llvm::DIType* element = element_of(path.leaf);
    if (element != nullptr) path.leaf = element;
    return path;
}

// &object->member, where that is the member that container_of() is to go back from: the object.
const llvm::Value* object_around(const llvm::CallBase& container) {
    const llvm::CallBase* access = member_access(*container.getArgOperand(0));
    if (access == nullptr) return nullptr;
    const llvm::DICompositeType* type = accessed_type(*access);
    const llvm::DIDerivedType* member = member_of(llvm::cast<llvm::IntrinsicInst>(*access));
    if (type == nullptr || member == nullptr) return nullptr;
    const std::string path = without_flavour(type->getName()) + "." + member->getName().str();
    return path == plain_path(literal(container, 1)) ? access->getArgOperand(0) : nullptr;
}

std::optional<ListWalk> walk_to(const llvm::CallBase& container, Visited& visited) {
    const auto path_of = [&](const llvm::Value& address) { return follow(address, visited); };
    auto walk = list_walk(*container.getArgOperand(0), container, path_of);
    if (walk && walk->holds != plain_path(literal(container, 1))) return std::nullopt;
    return walk;
}

AccessPath container_path(const llvm::CallBase& call, Visited& visited) {
    if (const llvm::Value* object = object_around(call)) return follow(*object, visited);
    AccessPath path = follow(*call.getArgOperand(0), visited);
    const auto walk = walk_to(call, visited);
    AccessPath around;
    around.root = Root::loaded;
    around.text = "*" + (walk ? walk->holds : path.text);
    around.is_found = !walk;
    around.is_scratch = path.is_scratch;
    around.symbols = std::move(path.symbols);
    return around;
}

// Another address of the same origin.
AccessPath moved_path(const llvm::CallBase& call, Visited& visited) {
    const AccessPath origin = follow(*call.getArgOperand(0), visited);
    AccessPath path;
    path.root = origin.root == Root::symbol ? Root::symbol : Root::loaded;
    path.text = origin.root == Root::symbol ? origin.text : "*" + origin.text;
    path.is_found = origin.is_found;
    path.is_scratch = origin.is_scratch;
    path.symbols = origin.symbols;
    // Nothing says how many elements there are.
    if (call_of(call, "defib_element") != nullptr) path.is_found = true;
    // A CPU's distance is added once, to what was declared for every CPU.
    if (call_of(call, "defib_per_cpu") != nullptr &&
        call_of(*call.getArgOperand(0), "defib_symbol") == nullptr)
        path.is_found = true;
    // Below the alignment that every object of the kernel has, it may be another object's.
    const auto* mask = call_of(call, "defib_untag") == nullptr
                           ? nullptr
                           : llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(1));
    if (mask != nullptr && mask->getZExtValue() > MOST_CERTAIN_TAG) path.is_found = true;
    return path;
}

AccessPath call_path(const llvm::CallBase& call, Visited& visited) {
    AccessPath path;
    if (call_of(call, "defib_symbol") != nullptr) {
        path.root = Root::symbol;
        path.text = literal(call, 0);
        path.symbols = {path.text};
    } else if (call_of(call, "defib_pointer") != nullptr) {
        path.root = Root::loaded;
        path.text = "found";
        path.is_found = true;
    } else if (call_of(call, "defib_scratch") != nullptr) {
        path.root = Root::scratch;
        path.text = "scratch";
        path.is_scratch = true;
    } else if (call_of(call, "defib_narrow") != nullptr) {
        path = follow(*call.getArgOperand(0), visited);
        const auto* width = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(2));
        path.narrowed = width == nullptr ? 0 : static_cast<unsigned>(width->getZExtValue());
    } else if (call_of(call, "defib_container") != nullptr) {
        path = container_path(call, visited);
    } else if (call_of(call, "defib_element") != nullptr ||
               call_of(call, "defib_untag") != nullptr ||
               call_of(call, "defib_per_cpu") != nullptr) {
        path = moved_path(call, visited);
    }
    return path;
}

void merge(AccessPath& path, const AccessPath& other, bool& is_first) {
    if (std::exchange(is_first, false)) {
        path = other;
        return;
    }
    path.is_found |= other.is_found;
    path.is_scratch |= other.is_scratch;
    path.symbols.insert(other.symbols.begin(), other.symbols.end());
    if (path.text != other.text || path.root != other.root || path.narrowed != other.narrowed)
        path.root = Root::several;
    path.hops.clear();
}

// Null adds nothing: a load or store through it ends the routine.
bool is_null(const llvm::Value& value) {
    return llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(value);
}

template <class Range>
AccessPath merged_path(const Range& incoming, Visited& visited) {
    AccessPath path;
    bool is_first = true;
    for (const llvm::Value* value : incoming) {
        if (is_null(*value) || visited.contains(value)) continue;
        merge(path, follow(*value, visited), is_first);
    }
    path.hops.clear();
    return path;
}

AccessPath follow(const llvm::Value& address, Visited& visited) {
    if (is_member_access(address)) {
        return member_path(llvm::cast<llvm::IntrinsicInst>(address), visited);
    }
    if (is_array_access(address))
        return index_path(*llvm::cast<llvm::IntrinsicInst>(address).getArgOperand(0), visited);
    if (const auto* step = llvm::dyn_cast<llvm::GEPOperator>(&address)) {
        AccessPath path = index_path(*step->getPointerOperand(), visited);
        // array[0][index] is one step for each dimension, of one array.
        while (path.text.ends_with("[][]")) path.text.resize(path.text.size() - 2);
        return path;
    }
    if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&address))
        return call_path(*call, visited);
    if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&address)) {
        AccessPath path = follow(*load->getPointerOperand(), visited);
        AccessPath loaded;
        loaded.root = Root::loaded;
        loaded.text = "*" + path.text;
        // What was put into scratch memory as a word could be read from there as a pointer.
        loaded.is_found = path.is_found || path.is_scratch;
        return loaded;
    }
    if (llvm::isa<llvm::Argument>(address)) {
        AccessPath path;
        path.root = Root::loaded;
        path.text =
            "argument " + std::to_string(llvm::cast<llvm::Argument>(address).getArgNo() + 1);
        return path;
    }
    if (!visited.insert(&address).second) return {};
    if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(&address)) {
        llvm::SmallVector<const llvm::Value*> incoming(phi->incoming_values());
        return merged_path(incoming, visited);
    }
    if (const auto* choice = llvm::dyn_cast<llvm::SelectInst>(&address)) {
        const llvm::SmallVector<const llvm::Value*> incoming = {choice->getTrueValue(),
                                                                choice->getFalseValue()};
        return merged_path(incoming, visited);
    }
    if (const auto* frozen = llvm::dyn_cast<llvm::FreezeInst>(&address))
        return follow(*frozen->getOperand(0), visited);
    return {};
}

}  // namespace

AccessPath access_path(const llvm::Value& address) {
    Visited visited;
    return follow(address, visited);
}

AccessPath bits_path(const llvm::CallBase& call) {
    const llvm::Value& structure = *call.getArgOperand(0);
    const std::string name = literal(call, 1);
    const auto [type, member] = llvm::StringRef(name).split('.');
    return step_to(access_path(structure), structure, type, /*is_part=*/false, member.str());
}

const llvm::CallBase* list_start(const llvm::CallBase& container) {
    Visited visited;
    if (object_around(container) != nullptr) return nullptr;
    const auto walk = walk_to(container, visited);
    return walk ? walk->head : nullptr;
}

const llvm::Value* inner_address(const llvm::Value& address) {
    if (is_member_access(address) || is_array_access(address) ||
        call_of(address, "defib_narrow") != nullptr)
        return llvm::cast<llvm::CallBase>(address).getArgOperand(0);
    if (const auto* step = llvm::dyn_cast<llvm::GEPOperator>(&address))
        return step->getPointerOperand();
    return nullptr;
}

// What clang names may be const, or a typedef of it.
const llvm::DICompositeType* accessed_type(const llvm::CallBase& call) {
    const auto* type = llvm::dyn_cast_or_null<llvm::DIType>(
        call.getMetadata(llvm::LLVMContext::MD_preserve_access_index));
    return llvm::dyn_cast_or_null<llvm::DICompositeType>(bare_type(type));
}

const llvm::CallBase* array_access(const llvm::Value& value) {
    return is_array_access(value) ? llvm::cast<llvm::CallBase>(&value) : nullptr;
}

// clang counts the dimensions: none means that the index moves the pointer.
bool is_pointer_step(const llvm::CallBase& array_access) {
    return llvm::cast<llvm::ConstantInt>(array_access.getArgOperand(1))->isZero();
}

const llvm::CallBase* member_access(const llvm::Value& value) {
    return is_member_access(value) ? llvm::cast<llvm::CallBase>(&value) : nullptr;
}

const llvm::CallBase* call_of(const llvm::Value& value, llvm::StringRef name) {
    const auto* call = llvm::dyn_cast<llvm::CallBase>(&value);
    if (call == nullptr || call->getCalledFunction() == nullptr) return nullptr;
    return call->getCalledFunction()->getName() == name ? call : nullptr;
}

std::string literal(const llvm::CallBase& call, unsigned argument) {
    llvm::StringRef text;
    return llvm::getConstantStringInfo(call.getArgOperand(argument), text) ? text.str()
                                                                           : std::string();
}

}  // namespace defib::compiler
