// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What debug information says of types: shapes, names, marks.
#ifndef DEFIB_ENGINE_COMPILER_TYPES_H
#define DEFIB_ENGINE_COMPILER_TYPES_H

#include <llvm/ADT/StringMap.h>
#include <llvm/ADT/StringRef.h>

#include <string>

#include "engine/compiler/manifest.h"

namespace llvm {
class DICompositeType;
class DIDerivedType;
class DIType;
class Module;
class StructType;
}  // namespace llvm

namespace defib::compiler {

// Without typedefs and qualifiers; null is void.
const llvm::DIType* bare_type(const llvm::DIType* type);

Shape shape_of(const llvm::DIType* type);

// Of an array, however many dimensions, else null.
const llvm::DIType* element_of(const llvm::DIType* type);

// "task_struct" of kp<task_struct>; "u8" and the like of others; empty of void.
std::string pointee_name(const llvm::DIType* type);

// "task_struct" of "task_struct___before_5_14": a flavour is one of several declarations of the
// same structure, for kernels that differ.
std::string without_flavour(llvm::StringRef name);

// "task_struct.tasks" of "task_struct___old.tasks"
std::string plain_path(llvm::StringRef path);

// "inner" of LLVM's %struct.inner.7
std::string name_of(const llvm::StructType& type);

// The structures that a module knows, by their names as declared. It takes a walk over all of its
// debug information to find them.
class Structures {
  public:
    explicit Structures(const llvm::Module& module);

    // Null where there is none.
    const llvm::DICompositeType* named(llvm::StringRef name) const;

  private:
    llvm::StringMap<const llvm::DICompositeType*> by_name_;
};

// Declared with kernel_part.
bool is_part(const llvm::DICompositeType& type);

// "task_struct.tasks" of a member declared with HOLDS(task_struct.tasks), else empty.
std::string held_by(const llvm::DIDerivedType& member);

// The fields of a record, whose members are integers, arrays of them, and structures of those.
Record record_of(const llvm::DICompositeType& type);

}  // namespace defib::compiler

#endif
