// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/refusal.h"

#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Instruction.h>

#include <algorithm>
#include <utility>

namespace defib::compiler {

namespace {

bool is_of_language(llvm::StringRef file) {
    return file.contains("engine/kernel/");
}

}  // namespace

void Refusals::add_once(Refusal refusal) {
    const auto same = [&](const Refusal& other) {
        return other.file == refusal.file && other.line == refusal.line &&
               other.message == refusal.message;
    };
    if (std::ranges::none_of(all_, same)) all_.push_back(std::move(refusal));
}

void Refusals::add(const llvm::Instruction& at, std::string message) {
    const llvm::DILocation* place = at.getDebugLoc().get();
    if (place == nullptr) return add(*at.getFunction(), std::move(message));
    while (is_of_language(place->getFilename()) && place->getInlinedAt() != nullptr)
        place = place->getInlinedAt();
    add_once({place->getFilename().str(), place->getLine(), std::move(message)});
}

void Refusals::add(const llvm::Function& at, std::string message) {
    const llvm::DISubprogram* place = at.getSubprogram();
    if (place == nullptr) return add(at.getName().str() + ": " + message);
    add_once({place->getFilename().str(), place->getLine(), std::move(message)});
}

void Refusals::add(std::string message) {
    add_once({{}, 0, std::move(message)});
}

std::string to_line(const Refusal& refusal) {
    if (refusal.file.empty()) return "refused: " + refusal.message;
    return refusal.file + ":" + std::to_string(refusal.line) + ": refused: " + refusal.message;
}

}  // namespace defib::compiler
