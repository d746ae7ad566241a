// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads what DETECTOR, ROUTINE, VIEW and COLLECTOR declare: clang's annotations, which are a list
// {function, "defib", file, line, arguments} in llvm.global.annotations.
#include "engine/compiler/declarations.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <set>
#include <span>

#include "engine/compiler/names.h"
#include "engine/compiler/types.h"

namespace defib::compiler {

namespace {

// One execution may do this much where its source asks for nothing else.
constexpr uint64_t DEFAULT_FUEL = 10'000;
constexpr uint64_t MOST_FUEL = 100'000'000;
constexpr size_t MOST_ARGUMENTS = 6;
constexpr size_t MOST_LINKS = 4;   // DEFIB_CHAIN
constexpr size_t MOST_STAGES = 4;  // DEFIB_COLLECTOR_STAGES

std::string text_of(const llvm::Value* value) {
    llvm::StringRef text;
    return llvm::getConstantStringInfo(value, text) ? text.str() : std::string();
}

void read_number(llvm::StringRef text, uint64_t& number, const Entry& entry, Refusals& refusals) {
    // getAsInteger takes 0x too, and says true where it failed.
    if (text.getAsInteger(0, number) || number == 0)
        refusals.add(*entry.function, "'" + text.str() + "' is not a number above 0");
}

void read_attribute(llvm::StringRef text, Entry& entry, Refusals& refusals) {
    Declaration& declared = entry.routine.declaration;
    const auto [word, rest] = text.split(' ');
    if (word == "summary")
        declared.summary = rest.str();
    else if (word == "writes")
        declared.writes.insert(rest.str());
    else if (word == "writes_found")
        declared.writes_found.insert(rest.str());
    else if (word == "writes_symbol")
        declared.writes_symbol.insert(rest.str());
    else if (word == "uses_scratch")
        declared.uses_scratch = true;
    else if (word == "of_each")
        declared.collector = rest.str();
    else if (word == "then")
        declared.then = rest.str();
    else if (word == "observed_by")
        declared.observer = rest.str();
    else if (word == "undone_by")
        declared.undo = rest.str();
    else if (word == "must_hold")
        declared.must_hold = rest.str();
    else if (word == "not_undone")
        declared.not_undone = rest.str();
    else if (word == "by_hook")
        declared.hook = rest.str();
    else if (word == "period_ms")
        read_number(rest, declared.period_ms, entry, refusals);
    else if (word == "fuel")
        read_number(rest, declared.fuel, entry, refusals);
    else
        refusals.add(*entry.function, "the declaration says '" + text.str() +
                                          "', which nothing knows; see engine/kernel/README.md");
}

bool stores_are_declared(const Declaration& declared) {
    return !declared.writes.empty() || !declared.writes_found.empty() ||
           !declared.writes_symbol.empty() || declared.uses_scratch;
}

void check_declaration(const Entry& entry, Refusals& refusals) {
    const Declaration& declared = entry.routine.declaration;
    const llvm::Function& function = *entry.function;
    if (declared.kind != "routine" && stores_are_declared(declared))
        refusals.add(function, "a " + declared.kind +
                                   " does not write; make it a ROUTINE, or drop its WRITES");
    if (declared.kind == "detector" && declared.period_ms == 0)
        refusals.add(function, "a detector needs PERIOD_MS(count)");
    if (declared.kind != "detector" && declared.period_ms != 0)
        refusals.add(function, "PERIOD_MS is for detectors; drop it");
    if (declared.kind == "detector" && !declared.collector.empty())
        refusals.add(function, "OF_EACH is not for detectors; drop it");
    if (declared.kind != "routine" && !(declared.then.empty() && declared.observer.empty() &&
                                        declared.undo.empty() && declared.hook.empty()))
        refusals.add(function,
                     "THEN, OBSERVED_BY, UNDONE_BY and BY_HOOK are for routines; drop them");
    if (declared.kind != "routine" && !(declared.must_hold.empty() && declared.not_undone.empty()))
        refusals.add(function, "MUST_HOLD and NOT_UNDONE are for routines; drop them");
    if (!declared.undo.empty() && !declared.not_undone.empty())
        refusals.add(function, "is UNDONE_BY a routine and NOT_UNDONE; say one of them");
    if (declared.fuel > MOST_FUEL)
        refusals.add(function, "asks for more than " + std::to_string(MOST_FUEL) +
                                   " units of fuel; split the work");
    if (declared.summary.empty())
        refusals.add(function, "needs SUMMARY(\"...\"): one line for whoever decides on it");
}

void read_arguments(Entry& entry, Refusals& refusals) {
    const llvm::Function& function = *entry.function;
    if (function.isVarArg() || function.arg_size() > MOST_ARGUMENTS)
        return refusals.add(function, "takes more than 6 arguments; pass fewer");
    const llvm::DISubprogram* subprogram = function.getSubprogram();
    if (subprogram == nullptr)
        return refusals.add(function, "has no debug information; compile with the build's flags");
    const auto types = subprogram->getType()->getTypeArray();
    // The types of results and arguments; a void result is a null in front.
    for (unsigned i = 0; i < function.arg_size(); ++i) {
        const llvm::Type* type = function.getArg(i)->getType();
        const bool is_pointer =
            type->isPointerTy() && type->getPointerAddressSpace() == KERNEL_SPACE;
        if (!is_pointer && (!type->isIntegerTy() || type->getIntegerBitWidth() > 64)) {
            refusals.add(function, "argument " + std::to_string(i + 1) +
                                       " is neither an integer nor a kernel pointer; pass those");
            continue;
        }
        Argument argument;
        const llvm::DIType* declared = i + 1 < types.size() ? types[i + 1] : nullptr;
        const Shape shape = shape_of(declared);
        argument.type = is_pointer ? pointee_name(declared) : "integer";
        argument.width = shape.width;
        argument.is_signed = shape.is_signed;
        for (const llvm::DINode* node : subprogram->getRetainedNodes())
            if (const auto* variable = llvm::dyn_cast<llvm::DILocalVariable>(node);
                variable != nullptr && variable->getArg() == i + 1)
                argument.name = variable->getName().str();
        entry.routine.arguments.push_back(argument);
    }
    const llvm::Type* result = function.getReturnType();
    if (!result->isVoidTy() && (!result->isIntegerTy() || result->getIntegerBitWidth() > 64))
        refusals.add(function, "returns neither an integer nor nothing; emit() a record instead");
}

using Entries = std::map<std::string, Entry>;

// What another entry has to do with this one.
struct Reference {
    const char* attribute;
    const std::string& name;
    const char* kind;
};

// What a routine is given by whoever wants it done: what OF_EACH puts in front is not among it.
std::span<const Argument> given_arguments(const Routine& routine) {
    const std::span all(routine.arguments);
    return routine.declaration.collector.empty() || all.empty() ? all : all.subspan(1);
}

// The chain is run with one set of arguments: what comes later takes the first of them, and what is
// called alike must be alike.
bool takes_the_first_of(const Routine& other, const Routine& one) {
    const std::span given = given_arguments(one);
    const std::span taken = given_arguments(other);
    return taken.size() <= given.size() &&
           std::ranges::equal(taken, given.first(taken.size()),
                              [](const Argument& a, const Argument& b) {
                                  return a.name == b.name && a.type == b.type && a.width == b.width;
                              });
}

void check_reference(const Entry& entry, const Reference& reference, const Entries& entries,
                     Refusals& refusals) {
    if (reference.name.empty()) return;
    const auto found = entries.find(reference.name);
    const std::string says = std::string(reference.attribute) + " names '" + reference.name + "', ";
    std::string kind = reference.kind;
    std::ranges::transform(kind, kind.begin(), [](char c) { return llvm::toUpper(c); });
    if (found == entries.end() || found->second.routine.declaration.kind != reference.kind)
        return refusals.add(*entry.function,
                            says + "and no " + kind + " of this set has that name");
    // A view may show what a collector without arguments finds, and be asked more.
    if (entry.routine.declaration.kind == "routine" &&
        !takes_the_first_of(found->second.routine, entry.routine))
        refusals.add(*entry.function, says +
                                          "which takes other arguments; let it take the first "
                                          "of this one's, by name and type");
}

// Each routine of a chain is run once, so that it ends.
void check_chain(const Entry& entry, const Entries& entries, Refusals& refusals) {
    std::set<std::string> passed = {entry.routine.declaration.name};
    const Entry* at = &entry;
    while (!at->routine.declaration.then.empty()) {
        const auto next = entries.find(at->routine.declaration.then);
        if (next == entries.end()) return;
        at = &next->second;
        if (!passed.insert(next->first).second || passed.size() > MOST_LINKS)
            return refusals.add(*entry.function, "THEN leads through more than " +
                                                     std::to_string(MOST_LINKS) +
                                                     " routines, or back; end the chain");
    }
}

// What finds the heads for a collector is one itself; few stages, as engine/runtime/collect.cpp has
// them, and the last one starts from nothing.
void check_heads(const Entry& entry, const Entries& entries, Refusals& refusals) {
    const Declaration* declared = &entry.routine.declaration;
    if (declared->kind != "collector") return;
    for (unsigned stages = 0; !declared->collector.empty(); stages++) {
        const auto heads = entries.find(declared->collector);
        if (heads == entries.end()) return;
        if (stages == MOST_STAGES - 1)
            return refusals.add(*entry.function,
                                "OF_EACH leads through more than " +
                                    std::to_string(MOST_STAGES - 1) +
                                    " other collectors, or back; name one nearer to the first");
        declared = &heads->second.routine.declaration;
    }
}

// What asks the hook is run in the other's place, for the same objects, and stores nothing.
void check_other_way(const Entry& entry, const Entries& entries, Refusals& refusals) {
    const Declaration& declared = entry.routine.declaration;
    const auto found = entries.find(declared.hook);
    if (declared.hook.empty() || found == entries.end()) return;
    const Declaration& other = found->second.routine.declaration;
    if (stores_are_declared(other) || !other.hook.empty())
        refusals.add(*entry.function, "BY_HOOK names '" + declared.hook +
                                          "', which writes or has another way itself; let it emit "
                                          "what it asks for and no more");
    if (other.collector != declared.collector)
        refusals.add(*entry.function, "BY_HOOK names '" + declared.hook +
                                          "', which is for other objects; give both the same "
                                          "OF_EACH");
}

void check_references(const Entry& entry, const Entries& entries, Refusals& refusals) {
    const Declaration& declared = entry.routine.declaration;
    for (const Reference& reference : {Reference{"OF_EACH", declared.collector, "collector"},
                                       Reference{"THEN", declared.then, "routine"},
                                       Reference{"OBSERVED_BY", declared.observer, "view"},
                                       Reference{"UNDONE_BY", declared.undo, "routine"},
                                       Reference{"BY_HOOK", declared.hook, "routine"}})
        check_reference(entry, reference, entries, refusals);
    check_chain(entry, entries, refusals);
    check_other_way(entry, entries, refusals);
    check_heads(entry, entries, refusals);
}

}  // namespace

std::map<std::string, Entry> take_entries(llvm::Module& module, Refusals& refusals) {
    std::map<std::string, Entry> entries;
    llvm::GlobalVariable* annotations = module.getNamedGlobal("llvm.global.annotations");
    if (annotations == nullptr) return entries;
    for (const llvm::Use& element : annotations->getInitializer()->operands()) {
        const auto* fields = llvm::cast<llvm::ConstantStruct>(element.get());
        if (text_of(fields->getOperand(1)) != ENTRY_ANNOTATION) continue;
        auto* function = llvm::dyn_cast<llvm::Function>(fields->getOperand(0)->stripPointerCasts());
        if (function == nullptr || function->isDeclaration()) continue;
        function->setLinkage(llvm::GlobalValue::ExternalLinkage);
        Entry entry{function, {}};
        entry.routine.declaration.name = function->getName().str();
        entry.routine.declaration.file = text_of(fields->getOperand(2));
        entry.routine.declaration.fuel = DEFAULT_FUEL;
        const auto* list = llvm::dyn_cast<llvm::GlobalVariable>(fields->getOperand(4));
        if (list == nullptr) continue;
        bool is_first = true;
        for (const llvm::Use& argument : list->getInitializer()->operands()) {
            const std::string text = text_of(argument.get());
            if (std::exchange(is_first, false))
                entry.routine.declaration.kind = text;
            else
                read_attribute(text, entry, refusals);
        }
        check_declaration(entry, refusals);
        read_arguments(entry, refusals);
        entries.emplace(function->getName().str(), std::move(entry));
    }
    annotations->eraseFromParent();
    for (const auto& [name, entry] : entries) check_references(entry, entries, refusals);
    return entries;
}

}  // namespace defib::compiler
