// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Where an address comes from: the whole way, in the words of the declared structures.
#ifndef DEFIB_ENGINE_COMPILER_ACCESS_PATH_H
#define DEFIB_ENGINE_COMPILER_ACCESS_PATH_H

#include <llvm/IR/Value.h>

#include <set>
#include <string>
#include <vector>

#include "engine/compiler/manifest.h"

namespace llvm {
class CallBase;
class DICompositeType;
class DIType;
}  // namespace llvm

namespace defib::compiler {

// What the pointer at the start of a path is.
enum class Root {
    structure,  // a declared structure, wherever its address was read
    part,       // a structure that only lies inside of others
    symbol,
    scratch,
    loaded,   // a plain value that a field of the kernel points to
    several,  // not one path: it depends on what was executed
    unknown,
};

struct AccessPath {
    Root root = Root::unknown;
    std::string text;                    // "signal_struct.shared_pending.signal.sig[]"
    const llvm::DIType* leaf = nullptr;  // of what is at the address, where that is declared
    unsigned narrowed = 0;               // bytes, where narrow() took a part of the leaf
    bool is_bit_field = false;           // the leaf is a C++ bit-field
    bool is_found = false;               // nothing says that the root's address leads to its type
    bool is_scratch = false;             // the root's address is in scratch memory
    std::string holds;                   // what hangs on the list that starts at the address
    std::set<std::string> symbols;       // where the root lies at one, by the routine's word
    std::vector<Hop> hops;               // since the root or the last index
    const llvm::Value* base = nullptr;   // the address that the hops start at
};

AccessPath access_path(const llvm::Value& address);

// The bit-field that defib_bits or defib_set_bits names.
AccessPath bits_path(const llvm::CallBase& call);

// The start of the list whose node a defib_container was given, where the walk may come back to it
// and it is in no such structure; else null.
const llvm::CallBase* list_start(const llvm::CallBase& container);

// The address that this one was computed from by naming a member or an index; null: it is no such.
const llvm::Value* inner_address(const llvm::Value& address);

// array[constant] of a declared array or, where `is_pointer_step`, pointer[constant]; else null.
const llvm::CallBase* array_access(const llvm::Value& value);

bool is_pointer_step(const llvm::CallBase& array_access);

// The structure or union that a member access names; null where debug information is missing.
const llvm::DICompositeType* accessed_type(const llvm::CallBase& call);

// structure.member or union.member, else null.
const llvm::CallBase* member_access(const llvm::Value& value);

// One of the language's calls (language.h), else null.
const llvm::CallBase* call_of(const llvm::Value& value, llvm::StringRef name);

// The literal that was given to it.
std::string literal(const llvm::CallBase& call, unsigned argument);

}  // namespace defib::compiler

#endif
