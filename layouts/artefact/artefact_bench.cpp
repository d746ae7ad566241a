// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// From a vmlinuz to a layout, with the codec's own time apart: the kernel is the lab's newest.
#include <benchmark/benchmark.h>

#include "layouts/artefact/bzimage.h"
#include "layouts/artefact/elf.h"
#include "layouts/artefact/kallsyms.h"
#include "layouts/artefact/kernel_elf.h"
#include "layouts/artefact/lab_kernels.h"
#include "layouts/layout_builder.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

const MappedFile& vmlinuz() {
    static const MappedFile FILE = MappedFile::open(lab_vmlinuz("6.12")).value_or(MappedFile());
    return FILE;
}

Bytes vmlinux() {
    static const std::vector<std::byte> KERNEL = [] {
        auto unpacked = unpack_bzimage({"vmlinuz", {}, vmlinuz().bytes()});
        return unpacked ? std::move(unpacked->kernel) : std::vector<std::byte>();
    }();
    return KERNEL;
}

bool has_kernel(benchmark::State& state) {
    if (!vmlinux().empty()) return true;
    state.SkipWithError("no kernel; run ./dev kernels");
    return false;
}

void BM_unpack_vmlinuz(benchmark::State& state) {
    if (!has_kernel(state)) return;
    for (auto _ : state) {
        benchmark::DoNotOptimize(unpack_bzimage({"vmlinuz", {}, vmlinuz().bytes()}));
    }
}

void BM_kallsyms(benchmark::State& state) {
    if (!has_kernel(state)) return;
    const auto elf = ElfFile::parse(vmlinux(), "vmlinux");
    const Bytes rodata = elf->section(".rodata")->bytes;
    for (auto _ : state) {
        const auto tables = find_kallsyms(rodata, "vmlinux");
        benchmark::DoNotOptimize(decode_kallsyms(*tables, "vmlinux"));
    }
}

// The promise: under 0.2 s for all that comes after the codec.
void BM_unpacked_vmlinuz_to_full_json(benchmark::State& state) {
    if (!has_kernel(state)) return;
    for (auto _ : state) {
        auto artefact = read_kernel_elf({"vmlinux", {}, vmlinux()}, {});
        auto layout = build_layout(artefact->types, Everything{}, "vmlinux");
        layout->kernel = artefact->kernel;
        layout->symbols = std::move(artefact->symbols);
        benchmark::DoNotOptimize(to_json(*layout));
    }
}

BENCHMARK(BM_unpack_vmlinuz)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_kallsyms)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_unpacked_vmlinuz_to_full_json)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace defib::layouts

BENCHMARK_MAIN();
