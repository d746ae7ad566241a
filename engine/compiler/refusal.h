// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Why a source is refused: where, what, and what to do instead. All passes report into one list, so
// that an author sees every reason at once.
#ifndef DEFIB_ENGINE_COMPILER_REFUSAL_H
#define DEFIB_ENGINE_COMPILER_REFUSAL_H

#include <string>
#include <vector>

namespace llvm {
class Function;
class Instruction;
}  // namespace llvm

namespace defib::compiler {

struct Refusal {
    std::string file;  // empty: it is about the whole set
    unsigned line = 0;
    std::string message;  // "what; what to do"
};

class Refusals {
  public:
    // The place is the author's line: where a header of the language was inlined, its caller.
    void add(const llvm::Instruction& at, std::string message);
    void add(const llvm::Function& at, std::string message);
    void add(std::string message);

    bool empty() const { return all_.empty(); }
    const std::vector<Refusal>& all() const { return all_; }

  private:
    void add_once(Refusal refusal);

    std::vector<Refusal> all_;
};

// "engine/routines/kill.cpp:12: refused: a call through a pointer; call the function by its name"
std::string to_line(const Refusal& refusal);

}  // namespace defib::compiler

#endif
