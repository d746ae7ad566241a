// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls between compiled code and the runtime (engine/abi/calls.h), as LLVM sees them, and the
// one helper that the compiler brings itself.
#ifndef DEFIB_ENGINE_COMPILER_RUNTIME_CALLS_H
#define DEFIB_ENGINE_COMPILER_RUNTIME_CALLS_H

#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>

namespace defib::compiler {

inline constexpr char LOAD[] = "defib_load";
inline constexpr char STORE[] = "defib_store";
inline constexpr char CHARGE[] = "defib_charge";
inline constexpr char BINDINGS[] = "defib_bindings";
inline constexpr char EMIT[] = "defib_emit";
inline constexpr char DIE[] = "defib_die";
inline constexpr char MEMORY[] = "defib_memory";
inline constexpr char NOW[] = "defib_now";
inline constexpr char HOOK[] = "defib_hook";
inline constexpr char DISPATCH[] = "defib_dispatch";

// u64 defib_index(context, index, count): the index, or 0 in a routine that just died. Has no body
// while the optimiser runs, so that no proof of LLVM's can take the check away.
inline constexpr char INDEX[] = "defib_index";

// u64 defib_binding(context, slot): one of BINDINGS. A call while the optimiser runs, so that the
// last verification sees which slots are looked up.
inline constexpr char BINDING[] = "defib_binding";

// u64 defib_divide(value, by) and defib_remainder(value, by): 0 where `by` is 0. Without a body for
// the same reason: what guards a division is not to be moved away from it.
inline constexpr char DIVIDE[] = "defib_divide";
inline constexpr char REMAINDER[] = "defib_remainder";

inline constexpr char ROUTINE_PREFIX[] = "defib_routine_";

// In `field` of a store: never narrowed (DEFIB_STORE_WHOLE of engine/abi/plan.h).
inline constexpr unsigned STORE_WHOLE = 0x80000000U;

// engine/abi/context.h: DEFIB_MEMORY_SIZE.
inline constexpr uint64_t MOST_MEMORY_BYTES = 4096;
// In `size` of a load: not of what the plan stores (DEFIB_LOAD_UNPLANNED of engine/abi/calls.h).
inline constexpr unsigned LOAD_UNPLANNED = 0x100;

// engine/abi/context.h: DEFIB_DEATH_ROUTINE, _INDEX, _UNREACHABLE.
inline constexpr unsigned DEATH_ROUTINE = 13;
inline constexpr unsigned DEATH_INDEX = 14;
inline constexpr unsigned DEATH_UNREACHABLE = 15;

// Declares it where it is not declared yet.
llvm::Function& runtime_call(llvm::Module& module, llvm::StringRef name);

// Takes the context as its first argument.
bool is_runtime_call(llvm::StringRef name);

// DIVIDE or REMAINDER.
bool is_arithmetic_call(llvm::StringRef name);

// Gives the compiler's own helpers their bodies; has a routine ask once for that many bound values,
// and read them; and adds DISPATCH over the routines, in the manifest's order.
void add_helpers(llvm::Module& module);
void read_bindings(llvm::Function& routine, unsigned slots);
void add_dispatch(llvm::Module& module, const std::vector<std::string>& routines);

}  // namespace defib::compiler

#endif
