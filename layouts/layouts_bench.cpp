// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From a kernel's BTF to a layout and back: the kernel is the lab's newest.
#include <benchmark/benchmark.h>

#include "layouts/artefact/bzimage.h"
#include "layouts/artefact/elf.h"
#include "layouts/artefact/lab_kernels.h"
#include "layouts/btf.h"
#include "layouts/layout_builder.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

// The BTF of Debian's 6.12, taken out of its vmlinuz once; empty without the lab's kernels.
Bytes kernel_btf() {
    static const Result<Unpacked> KERNEL = [] -> Result<Unpacked> {
        const auto path = lab_vmlinuz("6.12");
        const auto file = MappedFile::open(path);
        if (!file) return std::unexpected(file.error());
        return unpack_bzimage({path.string(), path, file->bytes()});
    }();
    if (!KERNEL) return {};
    const auto elf = ElfFile::parse(KERNEL->kernel, "vmlinux");
    const auto* section = elf ? elf->section(".BTF") : nullptr;
    return section ? section->bytes : Bytes{};
}

TypeGraph kernel_types() {
    auto graph = read_btf(kernel_btf(), "vmlinux");
    return graph ? std::move(*graph) : TypeGraph{};
}

bool has_kernel(benchmark::State& state) {
    if (!kernel_btf().empty()) return true;
    state.SkipWithError("no kernel; run ./dev kernels");
    return false;
}

void BM_read_btf(benchmark::State& state) {
    if (!has_kernel(state)) return;
    for (auto _ : state) benchmark::DoNotOptimize(read_btf(kernel_btf(), "vmlinux"));
}

void BM_build_full_layout(benchmark::State& state) {
    if (!has_kernel(state)) return;
    const TypeGraph graph = kernel_types();
    for (auto _ : state) benchmark::DoNotOptimize(build_layout(graph, Everything{}, "vmlinux"));
}

void BM_write_full_layout(benchmark::State& state) {
    if (!has_kernel(state)) return;
    const auto layout = build_layout(kernel_types(), Everything{}, "vmlinux");
    for (auto _ : state) benchmark::DoNotOptimize(to_json(*layout));
}

// The promise: under 0.1 s for all of it.
void BM_btf_to_full_json(benchmark::State& state) {
    if (!has_kernel(state)) return;
    for (auto _ : state) {
        const TypeGraph graph = kernel_types();
        benchmark::DoNotOptimize(to_json(*build_layout(graph, Everything{}, "vmlinux")));
    }
}

void BM_btf_to_tailored_json(benchmark::State& state) {
    if (!has_kernel(state)) return;
    for (auto _ : state) {
        const TypeGraph graph = kernel_types();
        benchmark::DoNotOptimize(to_json(*build_layout(graph, wanted_by_default(), "vmlinux")));
    }
}

void BM_read_tailored_json(benchmark::State& state) {
    if (!has_kernel(state)) return;
    const std::string text = to_json(*build_layout(kernel_types(), wanted_by_default(), "vmlinux"));
    for (auto _ : state) benchmark::DoNotOptimize(read_layout(text, "layout"));
}

BENCHMARK(BM_read_btf)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_build_full_layout)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_write_full_layout)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_btf_to_full_json)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_btf_to_tailored_json)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_read_tailored_json)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace defib::layouts

BENCHMARK_MAIN();
