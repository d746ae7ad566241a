// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_ENGINE_COMPILER_EMIT_H
#define DEFIB_ENGINE_COMPILER_EMIT_H

#include <llvm/IR/Module.h>

#include <memory>
#include <string>

#include "engine/base/result.h"

namespace defib::compiler {

struct Target {
    std::string triple;
    std::string processor;
    std::string features;
    bool is_assembly = false;  // PTX is text; x86-64 an object

    static Target x86_64();
    // `processor` as "sm_75"; `ptx` as "ptx64" for .version 6.4.
    static Target ptx(std::string processor, const std::string& ptx);
};

// Makes the module one of the target's.
Result<void> retarget(llvm::Module& module, const Target& target);

// The routines, each of which is one function already.
void optimise_routines(llvm::Module& module);

// The runtime's short calls, which every access makes, into their callers, and what that leaves to
// tidy.
void inline_calls(llvm::Module& module);

// The module as the target's assembly or object; it is of no use afterwards.
Result<std::string> generate(llvm::Module& module, const Target& target);

}  // namespace defib::compiler

#endif
