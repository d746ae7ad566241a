// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which list a pointer to a node was reached by.
//
// container_of() moves a pointer, and nothing in a node's memory says what it is a part of. So the
// one thing that makes its result more than a found word is where the node came from: from the
// start of a list that is declared to hold these (HOLDS in structs.h), over nothing but links. Each
// turn of a walk then reads memory, and no loop can step a pointer along by itself.
#ifndef DEFIB_ENGINE_COMPILER_LIST_WALK_H
#define DEFIB_ENGINE_COMPILER_LIST_WALK_H

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/InstrTypes.h>

#include <optional>
#include <string>

#include "engine/compiler/access_path.h"

namespace defib::compiler {

struct ListWalk {
    std::string holds;  // "task_struct.thread_node"
    // Where the list starts. A circular list leads back to it, and there it lies in another
    // structure. Null where the start is itself such a member.
    const llvm::CallBase* head = nullptr;
};

// Null where the node may have come from anywhere else, or from several lists; also where the start
// of the list is not known any more at `user`. `path_of` says where an address comes from.
std::optional<ListWalk> list_walk(const llvm::Value& node, const llvm::CallBase& user,
                                  llvm::function_ref<AccessPath(const llvm::Value&)> path_of);

}  // namespace defib::compiler

#endif
