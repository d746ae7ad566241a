// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/compile.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/ModuleSlotTracker.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/SHA256.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/IPO/Internalize.h>

#include <future>
#include <optional>

#include "engine/base/file.h"
#include "engine/compiler/check.h"
#include "engine/compiler/declarations.h"
#include "engine/compiler/flatten.h"
#include "engine/compiler/fuel.h"
#include "engine/compiler/lower.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/twins.h"
#include "engine/compiler/verify.h"

namespace defib::compiler {

namespace {

Result<std::unique_ptr<llvm::Module>> parse(llvm::LLVMContext& context, std::string_view bitcode,
                                            const std::string& name) {
    auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, name), context);
    if (!module)
        return fail(DEFIB_ERROR_COMPILER_NOT_BITCODE, name, llvm::toString(module.takeError()),
                    "give what clang -emit-llvm -c made");
    return std::move(*module);
}

Result<std::unique_ptr<llvm::Module>> read_module(llvm::LLVMContext& context,
                                                  const std::filesystem::path& path) {
    auto file = MappedFile::open(path);
    if (!file) return std::unexpected(file.error());
    return parse(context, as_text(file->bytes()), path.string());
}

// LLVM's own handler prints and ends the program.
void be_quiet(llvm::LLVMContext& context) {
    context.setDiscardValueNames(true);
    context.setDiagnosticHandlerCallBack([](const llvm::DiagnosticInfo*, void*) {});
}

// What the routines' own functions and texts were is gone with them.
void drop_leftovers(llvm::Module& module) {
    module.eraseNamedMetadata(module.getOrInsertNamedMetadata("llvm.ident"));
    for (const char* name : {"llvm.used", "llvm.compiler.used"})
        if (llvm::GlobalVariable* list = module.getNamedGlobal(name)) list->eraseFromParent();
    for (llvm::Function& function : llvm::make_early_inc_range(module))
        if (function.isDeclaration() && function.use_empty()) function.eraseFromParent();
    for (llvm::GlobalVariable& global : llvm::make_early_inc_range(module.globals())) {
        global.removeDeadConstantUsers();
        if (global.use_empty()) global.eraseFromParent();
    }
}

std::string bitcode_of(const llvm::Module& module) {
    std::string bitcode;
    llvm::raw_string_ostream stream(bitcode);
    llvm::WriteBitcodeToFile(module, stream);
    return bitcode;
}

// Of the code alone: no names, no lines, no file, so that moving a comment changes none. To print
// code takes as long as to optimise it, so this is done beside that, on a copy.
Result<std::vector<std::string>> digests_of(const std::string& bitcode,
                                            const std::vector<std::string>& functions) {
    llvm::LLVMContext context;
    be_quiet(context);
    const auto module = parse(context, bitcode, "the lowered set");
    if (!module) return std::unexpected(module.error());
    llvm::ModuleSlotTracker numbers(module->get());
    std::vector<std::string> digests;
    for (const std::string& name : functions) {
        const llvm::Function& function = *(*module)->getFunction(name);
        numbers.incorporateFunction(function);
        std::string text;
        llvm::raw_string_ostream stream(text);
        for (const llvm::Instruction& instruction : llvm::instructions(function)) {
            if (&instruction == &instruction.getParent()->front())
                stream << numbers.getLocalSlot(instruction.getParent()) << ':';
            instruction.print(stream, numbers);
        }
        const auto hash = llvm::SHA256::hash(llvm::arrayRefFromStringRef(text));
        digests.push_back(llvm::toHex(hash, /*LowerCase=*/true));
    }
    return digests;
}

Result<void> link_runtime(llvm::Module& module, const std::filesystem::path& runtime) {
    auto linked = read_module(module.getContext(), runtime);
    if (!linked) return std::unexpected(linked.error());
    if (llvm::Linker::linkModules(module, std::move(*linked)))
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, "the runtime", "does not link to the routines");
    return {};
}

// Of a GPU program its kernels are what the host sees; where there are none, the runtime's calls.
void keep_entries_only(llvm::Module& module) {
    const auto is_kernel = [](const llvm::Function& function) {
        return function.getCallingConv() == llvm::CallingConv::PTX_Kernel;
    };
    if (llvm::none_of(module, is_kernel)) return;
    llvm::internalizeModule(module, [&](const llvm::GlobalValue& value) {
        const auto* function = llvm::dyn_cast<llvm::Function>(&value);
        return function == nullptr || is_kernel(*function);
    });
}

}  // namespace

Result<std::unique_ptr<llvm::Module>> read_set(llvm::LLVMContext& context,
                                               const std::vector<std::filesystem::path>& inputs) {
    be_quiet(context);
    std::unique_ptr<llvm::Module> set;
    // One for all: each that is made looks through the whole set first.
    std::optional<llvm::Linker> linker;
    for (const std::filesystem::path& input : inputs) {
        auto module = read_module(context, input);
        if (!module) return module;
        if (set == nullptr) {
            set = std::move(*module);
            linker.emplace(*set);
        } else if (linker->linkInModule(std::move(*module))) {
            return fail(DEFIB_ERROR_COMPILER_DEFINED_TWICE, input.string(),
                        "defines what another file of the set defines", "rename one of them");
        }
    }
    return set;
}

Manifest compile_set(llvm::Module& module, Refusals& refusals) {
    Manifest manifest;
    std::map<std::string, Entry> entries = take_entries(module, refusals);
    if (entries.empty())
        refusals.add("nothing is declared with DETECTOR, ROUTINE, VIEW or COLLECTOR; declare one");
    if (!refusals.empty()) return manifest;
    flatten(module, entries, refusals);
    if (!refusals.empty()) return manifest;
    check_module(module, refusals);
    for (const auto& [name, entry] : entries) check_entry(entry, refusals);
    if (!refusals.empty()) return manifest;

    const Structures structures(module);
    for (auto& [name, entry] : entries) {
        lower_entry(entry, structures, manifest, refusals);
        make_twins_agree(*entry.function);
        entry.routine.loops = charge_loops(*entry.function);
        manifest.routines.push_back(entry.routine);
    }
    drop_leftovers(module);
    std::string reason;
    llvm::raw_string_ostream stream(reason);
    if (refusals.empty() && llvm::verifyModule(module, &stream))
        refusals.add("lowered code is not valid: " + reason);
    if (!refusals.empty()) return manifest;
    verify_module(module, manifest, refusals);
    if (!refusals.empty()) return manifest;
    llvm::StripDebugInfo(module);
    return manifest;
}

std::string optimise_set(llvm::Module& module, Manifest& manifest, Refusals& refusals) {
    std::vector<std::string> names;
    for (const Routine& routine : manifest.routines) {
        names.push_back(ROUTINE_PREFIX + routine.declaration.name);
        // For the second look: unused routines have to stay until then.
        module.getFunction(names.back())->setLinkage(llvm::GlobalValue::ExternalLinkage);
    }
    auto digests = std::async(std::launch::async, digests_of, bitcode_of(module), std::cref(names));
    optimise_routines(module);
    verify_module(module, manifest, refusals);
    std::string optimised = bitcode_of(module);
    const auto found = digests.get();
    if (!found) refusals.add("what was lowered cannot be read again: " + to_line(found.error()));
    for (size_t i = 0; found && i < found->size(); ++i) manifest.routines[i].digest = (*found)[i];
    return optimised;
}

Result<std::string> build(std::string_view optimised, const Manifest& manifest,
                          const Target& target, const std::filesystem::path& runtime) {
    llvm::LLVMContext context;
    be_quiet(context);
    auto module = parse(context, optimised, "the optimised set");
    if (!module) return std::unexpected(module.error());
    std::vector<std::string> names;
    for (const Routine& routine : manifest.routines) {
        names.push_back(routine.declaration.name);
        llvm::Function& function = *(*module)->getFunction(ROUTINE_PREFIX + names.back());
        function.setLinkage(llvm::GlobalValue::InternalLinkage);
        read_bindings(function, routine.slots.empty() ? 0 : *routine.slots.rbegin() + 1);
    }
    add_helpers(**module);
    add_dispatch(**module, names);
    if (!runtime.empty()) {
        if (auto linked = link_runtime(**module, runtime); !linked)
            return std::unexpected(linked.error());
        keep_entries_only(**module);
    }
    if (auto done = retarget(**module, target); !done) return std::unexpected(done.error());
    inline_calls(**module);
    return generate(**module, target);
}

}  // namespace defib::compiler
