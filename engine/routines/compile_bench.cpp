// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the whole set of routines costs to compile, from sources and from clang's bitcode, to
// object, GPU program and manifest, as the build does it: a promise of docs/SPECIFICATION.md.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <future>
#include <semaphore>
#include <sstream>
#include <thread>

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

std::vector<std::filesystem::path> through_clang(benchmark::State& state,
                                                 const TemporaryFolder& folder) {
    std::vector<std::future<std::vector<Refusal>>> refused;
    std::vector<std::filesystem::path> parts;
    std::counting_semaphore<> processors(std::thread::hardware_concurrency());
    for (const std::filesystem::path& source : sources()) {
        parts.push_back(folder / (std::to_string(parts.size()) + ".bc"));
        processors.acquire();
        refused.push_back(
            std::async(std::launch::async, [&processors, source, part = parts.back()] {
                auto refusals = write_bitcode(source, part);
                processors.release();
                return refusals;
            }));
    }
    for (auto& one : refused)
        if (!one.get().empty()) state.SkipWithError("clang refuses");
    return parts;
}

void compile(benchmark::State& state, const std::vector<std::filesystem::path>& parts) {
    const Target gpu = Target::ptx("sm_75", "ptx64");
    llvm::LLVMContext context;
    const auto module = read_set(context, parts);
    if (!module) return state.SkipWithError("no set");
    Refusals refusals;
    Manifest manifest = compile_set(**module, refusals);
    const std::string optimised = optimise_set(**module, manifest, refusals);
    if (!refusals.empty()) return state.SkipWithError("refused");
    auto object = std::async(std::launch::async,
                             [&] { return build(optimised, manifest, Target::x86_64(), {}); });
    benchmark::DoNotOptimize(build(optimised, manifest, gpu, DEFIB_ROUTINE_RUNTIME));
    benchmark::DoNotOptimize(object.get());
}

// What a change to one routine costs: the others' bitcode is there.
void BM_CompileWholeSet(benchmark::State& state) {
    const TemporaryFolder folder;
    const auto parts = through_clang(state, folder);
    for (auto _ : state) compile(state, parts);
    state.counters["routines"] = static_cast<double>(parts.size());
}
BENCHMARK(BM_CompileWholeSet)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void BM_CompileWholeSetFromSources(benchmark::State& state) {
    const TemporaryFolder folder;
    for (auto _ : state) compile(state, through_clang(state, folder));
}
BENCHMARK(BM_CompileWholeSetFromSources)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
