// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Ordinary memory that a routine may touch: the record it emits, what a detector keeps, and
// constant tables.
#ifndef DEFIB_ENGINE_COMPILER_MEMORY_OBJECT_H
#define DEFIB_ENGINE_COMPILER_MEMORY_OBJECT_H

#include <cstdint>
#include <optional>

namespace llvm {
class Value;
class DataLayout;
}  // namespace llvm

namespace defib::compiler {

struct MemoryObject {
    llvm::Value* base = nullptr;
    uint64_t size = 0;
    bool is_writable = false;
    // From the base, where it is a constant.
    std::optional<int64_t> offset;
};

// Whether what the address comes from is refused for itself: then what is done with it needs no
// refusal of its own.
bool is_refused_already(const llvm::Value& address);

// The object that an ordinary address lies in, and where in it; nothing where it is not clear.
std::optional<MemoryObject> memory_object(llvm::Value& address, const llvm::DataLayout& layout);

}  // namespace defib::compiler

#endif
