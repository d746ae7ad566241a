// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// defibc: bitcode of routines in; object, PTX and manifest out. A step of the build, or of whoever
// writes routines.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <future>

#include "engine/base/file.h"
#include "engine/compiler/assemble.h"
#include "engine/compiler/compile.h"

namespace {

using namespace defib;
using compiler::Refusals;

struct Options {
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path object;
    std::vector<std::string> ptx;
    std::filesystem::path manifest;
    std::vector<std::string> cubins;
    std::string assembler = "ptxas";
};

// "FILE:sm_75:ptx64:RUNTIME.bc"; the runtime may be missing.
struct PtxOutput {
    std::filesystem::path file;
    std::string processor;
    std::string version;
    std::filesystem::path runtime;
};

Result<PtxOutput> parse_ptx(const std::string& text) {
    std::vector<std::string> parts = CLI::detail::split(text, ':');
    if (parts.size() < 3 || parts.size() > 4)
        return fail(DEFIB_ERROR_BASE_USAGE, "--ptx " + text, "is not FILE:PROCESSOR:VERSION",
                    "write --ptx engine.ptx:sm_75:ptx64 or add :RUNTIME.bc");
    parts.resize(4);
    return PtxOutput{parts[0], parts[1], parts[2], parts[3]};
}

// The first text is what they are made of: every card that it names, and later ones, take it.
Result<void> write_cubins(const Options& options) {
    if (options.cubins.empty()) return {};
    if (options.ptx.empty()) {
        return fail(DEFIB_ERROR_BASE_USAGE, "--cubin", "needs a --ptx to assemble");
    }
    const auto text = parse_ptx(options.ptx.front());
    if (!text) return std::unexpected(text.error());
    for (const std::string& cubin : options.cubins) {
        const size_t colon = cubin.rfind(':');
        if (colon == std::string::npos) {
            return fail(DEFIB_ERROR_BASE_USAGE, "--cubin " + cubin, "is not FILE:PROCESSOR",
                        "write --cubin engine.sm_80.cubin:sm_80");
        }
        auto made = compiler::assemble(options.assembler, text->file, cubin.substr(colon + 1),
                                       cubin.substr(0, colon));
        if (!made) return made;
    }
    return {};
}

// What is written for one target.
struct Output {
    compiler::Target target;
    std::filesystem::path file;
    std::filesystem::path runtime;
};

Result<std::vector<Output>> outputs_of(const Options& options) {
    std::vector<Output> outputs;
    for (const std::string& text : options.ptx) {
        const auto ptx = parse_ptx(text);
        if (!ptx) return std::unexpected(ptx.error());
        outputs.push_back(
            {compiler::Target::ptx(ptx->processor, ptx->version), ptx->file, ptx->runtime});
    }
    if (!options.object.empty())
        outputs.push_back({compiler::Target::x86_64(), options.object, {}});
    return outputs;
}

Result<void> write_outputs(const Options& options, Refusals& refusals) {
    auto outputs = outputs_of(options);
    if (!outputs) return std::unexpected(outputs.error());
    llvm::LLVMContext context;
    auto module = compiler::read_set(context, options.inputs);
    if (!module) return std::unexpected(module.error());
    compiler::Manifest manifest = compiler::compile_set(**module, refusals);
    if (!refusals.empty()) return {};
    const std::string optimised = compiler::optimise_set(**module, manifest, refusals);
    if (!refusals.empty()) return {};

    const auto write = [&](Output& output) -> Result<void> {
        const auto made = compiler::build(optimised, manifest, output.target, output.runtime);
        if (!made) return std::unexpected(made.error());
        return write_atomically(output.file, *made);
    };
    std::vector<std::future<Result<void>>> all;
    for (Output& output : *outputs)
        all.push_back(std::async(std::launch::async, write, std::ref(output)));
    for (std::future<Result<void>>& one : all)
        if (auto written = one.get(); !written) return written;
    if (auto made = write_cubins(options); !made) return made;
    if (options.manifest.empty()) return {};
    return write_atomically(options.manifest, compiler::to_json(manifest));
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("defibc: checks, lowers and verifies routines, and emits them for GPU and CPU");
    app.add_option("inputs", options.inputs, "bitcode of the routines, all of one set")->required();
    app.add_option("--object", options.object, "x86-64 object to write");
    app.add_option("--ptx", options.ptx, "PTX to write, as FILE:sm_75:ptx64[:RUNTIME.bc]");
    app.add_option("--manifest", options.manifest, "manifest to write, JSON");
    app.add_option("--cubin", options.cubins,
                   "machine code to write, as FILE:sm_80, made of the first --ptx by ptxas");
    app.add_option("--ptxas", options.assembler, "the assembler for --cubin");
    CLI11_PARSE(app, argc, argv);

    Refusals refusals;
    const Result<void> done = write_outputs(options, refusals);
    if (!done) {
        fmt::print(stderr, "defibc: {}\n", to_line(done.error()));
        return exit_status(done.error().code);
    }
    for (const compiler::Refusal& refusal : refusals.all())
        fmt::print(stderr, "{}\n", compiler::to_line(refusal));
    return refusals.empty() ? DEFIB_EXIT_DONE : DEFIB_EXIT_INPUT;
}
