// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_CHECK_H
#define DEFIB_ENGINE_COMPILER_CHECK_H

#include <map>
#include <string>

#include "engine/compiler/declarations.h"
#include "engine/compiler/refusal.h"

namespace llvm {
class CallBase;
class Function;
class Instruction;
class Module;
}  // namespace llvm

namespace defib::compiler {

struct AccessPath;

// The rules of the language, on flattened entries: what is refused before anything is lowered.
void check_entry(const Entry& entry, Refusals& refusals);

// What belongs to no entry: globals that change, and functions from elsewhere.
void check_module(const llvm::Module& module, Refusals& refusals);

// The rules for kernel addresses (check_access.cpp).
void check_access(const llvm::Instruction& instruction, const Declaration& declared,
                  Refusals& refusals);

// Whether the routine may store there. `is_found_value`: what is stored is a pointer of which
// nothing says where it leads.
void check_store(const llvm::Instruction& store, const AccessPath& path,
                 const Declaration& declared, bool is_found_value, Refusals& refusals);

// The rules for ordinary memory: records and constant tables (check_memory.cpp).
void check_ordinary_access(const llvm::Instruction& instruction, Refusals& refusals);

// The calls of language.h (check_call.cpp).
void check_call(const llvm::CallBase& call, const Declaration& declared, Refusals& refusals);

}  // namespace defib::compiler

#endif
