// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the whole set of routines costs to compile, from sources to object, GPU programs and
// manifest, on one processor: a promise of docs/SPECIFICATION.md.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <sstream>

#include "engine/compiler/compile.h"
#include "engine/compiler/testing/compile_source.h"

namespace {

using namespace defib::compiler;

std::vector<std::filesystem::path> sources() {
    std::vector<std::filesystem::path> all;
    std::istringstream list(DEFIB_ROUTINE_SOURCES);
    for (std::string one; std::getline(list, one, ':');) all.emplace_back(one);
    return all;
}

void BM_CompileWholeSet(benchmark::State& state) {
    const TemporaryFolder folder;
    for (auto _ : state) {
        std::vector<std::filesystem::path> parts;
        for (const std::filesystem::path& source : sources()) {
            parts.push_back(folder / (source.stem().string() + ".bc"));
            if (!write_bitcode(source, parts.back()).empty()) state.SkipWithError("clang refuses");
        }
        llvm::LLVMContext context;
        const auto module = read_set(context, parts);
        Refusals refusals;
        const Manifest manifest = compile_set(**module, refusals);
        const Target newer = Target::ptx("sm_75", "ptx64");
        const auto program =
            prepare(**module, manifest, newer, {DEFIB_ROUTINE_RUNTIME, {}}, refusals);
        benchmark::DoNotOptimize(generate(**program, newer));
        benchmark::DoNotOptimize(build(**module, manifest, Target::x86_64(), {}, refusals));
        if (!refusals.empty()) state.SkipWithError("refused");
    }
    state.counters["routines"] = static_cast<double>(sources().size());
}
BENCHMARK(BM_CompileWholeSet)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
