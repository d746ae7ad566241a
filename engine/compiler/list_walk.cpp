// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/list_walk.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>

#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

class Finder {
  public:
    explicit Finder(llvm::function_ref<AccessPath(const llvm::Value&)> path_of)
        : path_of_(path_of) {}

    // By induction over the walk: a node that is looked at already is one if all others are.
    bool is_node(const llvm::Value& value) {
        if (llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(value)) return true;
        if (!visited_.insert(&value).second) return true;
        if (const auto* link = llvm::dyn_cast<llvm::LoadInst>(&value))
            return is_link(*link->getPointerOperand());
        if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(&value))
            return llvm::all_of(phi->incoming_values(),
                                [&](const llvm::Use& from) { return is_node(*from); });
        if (const auto* choice = llvm::dyn_cast<llvm::SelectInst>(&value))
            return is_node(*choice->getTrueValue()) && is_node(*choice->getFalseValue());
        if (const auto* frozen = llvm::dyn_cast<llvm::FreezeInst>(&value))
            return is_node(*frozen->getOperand(0));
        return false;
    }

    const std::optional<ListWalk>& found() const { return found_; }

  private:
    // `next` of the list's start, or of a node.
    bool is_link(const llvm::Value& place) {
        const llvm::CallBase* link = member_access(place);
        if (link == nullptr || accessed_type(*link) == nullptr || !is_part(*accessed_type(*link)))
            return false;
        const llvm::Value& holder = *link->getArgOperand(0);
        const llvm::CallBase* member = member_access(holder);
        return member == nullptr ? is_node(holder) : is_start(*member);
    }

    bool is_start(const llvm::CallBase& member) {
        const AccessPath path = path_of_(member);
        if (path.root != Root::structure || path.is_found || path.is_scratch || path.holds.empty())
            return false;
        const ListWalk walk{path.holds, path.text == path.holds ? nullptr : &member};
        if (!found_) found_ = walk;
        return found_->holds == walk.holds && found_->head == walk.head;
    }

    llvm::function_ref<AccessPath(const llvm::Value&)> path_of_;
    llvm::SmallPtrSet<const llvm::Value*, 8> visited_;
    std::optional<ListWalk> found_;
};

}  // namespace

std::optional<ListWalk> list_walk(const llvm::Value& node, const llvm::CallBase& user,
                                  llvm::function_ref<AccessPath(const llvm::Value&)> path_of) {
    Finder finder(path_of);
    if (!finder.is_node(node) || !finder.found()) return std::nullopt;
    const llvm::CallBase* head = finder.found()->head;
    if (head == nullptr) return finder.found();
    llvm::DominatorTree dominators(const_cast<llvm::Function&>(*user.getFunction()));
    return dominators.dominates(head, &user) ? finder.found() : std::nullopt;
}

}  // namespace defib::compiler
