// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler/emit.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/CorrelatedValuePropagation.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/SCCP.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include <mutex>

#include "engine/compiler/runtime_calls.h"

namespace defib::compiler {

namespace {

void register_targets() {
    static std::once_flag once;
    std::call_once(once, [] {
        LLVMInitializeNVPTXTargetInfo();
        LLVMInitializeNVPTXTarget();
        LLVMInitializeNVPTXTargetMC();
        LLVMInitializeNVPTXAsmPrinter();
        LLVMInitializeX86TargetInfo();
        LLVMInitializeX86Target();
        LLVMInitializeX86TargetMC();
        LLVMInitializeX86AsmPrinter();
    });
}

Result<std::unique_ptr<llvm::TargetMachine>> machine_for(const Target& target) {
    register_targets();
    const auto unknown = [&](const std::string& what) {
        return fail(DEFIB_ERROR_COMPILER_NO_TARGET, what, "of " + target.triple,
                    "see llc --march=nvptx64 --mcpu=help");
    };
    std::string reason;
    const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, reason);
    if (found == nullptr) return unknown(target.triple);
    // Asked first: for a name that it does not know LLVM takes another, and only prints.
    const std::unique_ptr<llvm::MCSubtargetInfo> known(
        found->createMCSubtargetInfo(target.triple, "", ""));
    if (!known->isCPUStringValid(target.processor)) return unknown(target.processor);
    llvm::StringRef feature = target.features;
    feature.consume_front("+");
    const bool is_known =
        feature.empty() || llvm::any_of(known->getAllProcessorFeatures(),
                                        [&](const auto& one) { return feature == one.Key; });
    if (!is_known) return unknown(feature.str());
    // What more would be done for PTX, the assembler or driver does anyway: its machine code is as
    // large and spills as little, and half of the time is saved.
    const auto level =
        target.is_assembly ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Less;
    std::unique_ptr<llvm::TargetMachine> machine(
        found->createTargetMachine(target.triple, target.processor, target.features,
                                   llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt, level));
    // Routines are calls and little between them: what is chosen instruction by instruction is no
    // larger than what is chosen with a view of whole blocks.
    machine->setFastISel(true);
    return machine;
}

}  // namespace

Target Target::x86_64() {
    return {"x86_64-unknown-linux-gnu", "x86-64", "", false};
}

Target Target::ptx(std::string processor, const std::string& ptx) {
    return {"nvptx64-nvidia-cuda", std::move(processor), "+" + ptx, true};
}

Result<void> retarget(llvm::Module& module, const Target& target) {
    auto machine = machine_for(target);
    if (!machine) return std::unexpected(machine.error());
    module.setTargetTriple((*machine)->getTargetTriple().str());
    module.setDataLayout((*machine)->createDataLayout());
    for (llvm::Function& function : module)
        for (const char* attribute : {"target-features", "target-cpu", "tune-cpu"})
            function.removeFnAttr(attribute);
    return {};
}

namespace {

// One set of analyses for a run of passes over a module.
class Passes {
  public:
    Passes() {
        builder_.registerModuleAnalyses(modules_);
        builder_.registerCGSCCAnalyses(cycles_);
        builder_.registerFunctionAnalyses(functions_);
        builder_.registerLoopAnalyses(loops_);
        builder_.crossRegisterProxies(loops_, functions_, cycles_, modules_);
    }

    void run(llvm::ModulePassManager passes, llvm::Module& module) { passes.run(module, modules_); }

  private:
    llvm::LoopAnalysisManager loops_;
    llvm::FunctionAnalysisManager functions_;
    llvm::CGSCCAnalysisManager cycles_;
    llvm::ModuleAnalysisManager modules_;
    llvm::PassBuilder builder_;
};

// What is proved never to be reached ends the routine, as what an author says is never reached
// does.
void die_at_end(llvm::BasicBlock& block) {
    llvm::Function& routine = *block.getParent();
    block.getTerminator()->eraseFromParent();
    llvm::IRBuilder<> builder(&block);
    builder.CreateCall(&runtime_call(*routine.getParent(), DIE),
                       {routine.getArg(0), builder.getInt32(DEATH_UNREACHABLE)});
    builder.CreateRet(builder.getInt64(0));
}

}  // namespace

// Each pass once, in an order that leaves little for a second round: LLVM's own -O2 takes three
// times as long, for one instruction in a hundred. Nothing here adds calls or merges functions.
void optimise_routines(llvm::Module& module) {
    llvm::LoopPassManager loops;
    loops.addPass(llvm::LoopRotatePass());
    loops.addPass(llvm::LICMPass(llvm::LICMOptions()));
    llvm::FunctionPassManager routine;
    routine.addPass(llvm::SimplifyCFGPass());
    routine.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
    routine.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(loops), /*UseMemorySSA=*/true));
    routine.addPass(llvm::GVNPass());
    routine.addPass(llvm::SCCPPass());
    routine.addPass(llvm::CorrelatedValuePropagationPass());
    routine.addPass(llvm::InstCombinePass(llvm::InstCombineOptions().setMaxIterations(1)));
    routine.addPass(llvm::ADCEPass());
    routine.addPass(llvm::SimplifyCFGPass(
        llvm::SimplifyCFGOptions().convertSwitchRangeToICmp(true).hoistCommonInsts(true)));
    llvm::ModulePassManager all;
    all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(routine)));
    Passes().run(std::move(all), module);
    for (llvm::Function& function : module)
        for (llvm::BasicBlock& block : function)
            if (llvm::isa<llvm::UnreachableInst>(block.getTerminator())) die_at_end(block);
}

void inline_calls(llvm::Module& module) {
    for (const char* name : {CHARGE, BINDINGS, NOW, HOOK, INDEX, DIVIDE, REMAINDER}) {
        llvm::Function* function = module.getFunction(name);
        if (function != nullptr && !function->isDeclaration())
            function->addFnAttr(llvm::Attribute::AlwaysInline);
    }
    llvm::FunctionPassManager simplify;
    simplify.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
    simplify.addPass(llvm::InstCombinePass());
    simplify.addPass(llvm::SimplifyCFGPass());
    llvm::ModulePassManager inlining;
    inlining.addPass(llvm::AlwaysInlinerPass());
    inlining.addPass(llvm::GlobalDCEPass());
    inlining.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(simplify)));
    Passes passes;
    passes.run(std::move(inlining), module);
}

namespace {

bool is_in_name(char letter) {
    return llvm::isAlnum(letter) || letter == '_' || letter == '$' || letter == '%';
}

// "param12" and "retval0", of which each call has some: p12, r0. Names of this program's own begin
// with defib_, and registers with a percent sign.
bool take_call_name(llvm::StringRef& line, std::string& plain) {
    if (!plain.empty() && is_in_name(plain.back())) return false;
    for (const llvm::StringRef name : {"param", "retval"}) {
        if (!line.starts_with(name) || line.size() == name.size()) continue;
        if (!llvm::isDigit(line[name.size()])) continue;
        line = line.drop_front(name.size());
        plain += name.front();
        return true;
    }
    return false;
}

std::string plain_line(llvm::StringRef line) {
    constexpr llvm::StringLiteral LABEL("$L__BB");  // and two numbers
    std::string plain;
    bool was_space = false;
    while (!line.empty()) {
        if (line.consume_front(LABEL)) plain += '$';
        if (line.consume_front("+0]")) plain += ']';
        if (line.empty() || take_call_name(line, plain)) continue;
        const char letter = line.front();
        line = line.drop_front();
        const bool is_space = letter == ' ' || letter == '\t';
        if (!is_space) plain += letter;
        if (is_space && !was_space) plain += ' ';
        was_space = is_space;
    }
    return plain;
}

// "bra.uni $1_2;" where the next line is "$1_2:".
bool leads_to_next(llvm::StringRef line, llvm::StringRef next) {
    return line.consume_front("bra.uni ") && line.consume_back(";") && next.consume_back(":") &&
           line == next;
}

// What no assembler needs: comments, indents, empty lines, long names, jumps to the next line. They
// are a quarter of the text, which an image carries and a driver reads.
std::string without_ornament(llvm::StringRef text) {
    std::string plain;
    plain.reserve(text.size());
    std::string before;
    while (!text.empty()) {
        auto [line, rest] = text.split('\n');
        text = rest;
        line = line.split("//").first.trim();
        if (line.empty()) continue;
        std::string next = plain_line(line);
        if (!before.empty() && !leads_to_next(before, next)) plain += before + '\n';
        before = std::move(next);
    }
    return plain + before + '\n';
}

}  // namespace

Result<std::string> generate(llvm::Module& module, const Target& target) {
    auto machine = machine_for(target);
    if (!machine) return std::unexpected(machine.error());
    llvm::SmallString<0> output;
    llvm::raw_svector_ostream stream(output);
    llvm::legacy::PassManager passes;
    const auto kind = target.is_assembly ? llvm::CodeGenFileType::AssemblyFile
                                         : llvm::CodeGenFileType::ObjectFile;
    if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, kind))
        return fail(DEFIB_ERROR_BASE_TOOL_FAILED, target.triple, "cannot emit this kind of file");
    passes.run(module);
    return target.is_assembly ? without_ornament(output) : output.str().str();
}

}  // namespace defib::compiler
