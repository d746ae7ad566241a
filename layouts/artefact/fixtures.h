// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// For tests: kernels of a few kilobytes, in every wrapping that a real one comes in. Each has the
// release 9.9.9-tiny, one structure `tiny` and the symbols of tiny_symbols().
#ifndef DEFIB_LAYOUTS_ARTEFACT_FIXTURES_H
#define DEFIB_LAYOUTS_ARTEFACT_FIXTURES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace defib::layouts::fixtures {

// struct tiny { int first; int second; };
std::string tiny_btf();

enum class KallsymsOrder : uint8_t { offsets_first, offsets_last };  // up to 6.3, and since
enum class PerCpu : uint8_t { absolute, relative };  // up to 6.14 on x86-64, and since

struct TinySymbol {
    std::string name;  // with its type letter, as in kallsyms
    uint64_t value;
};
// Sorted by value. `text` is the address of _text.
std::vector<TinySymbol> tiny_symbols(uint64_t text, PerCpu per_cpu);

struct TinyKallsyms {
    std::string bytes;
    // Where each table begins in them.
    uint64_t count = 0;
    uint64_t names = 0;
    uint64_t token_table = 0;
    uint64_t token_index = 0;
    uint64_t offsets = 0;
    uint64_t relative_base = 0;
};
TinyKallsyms tiny_kallsyms(const std::vector<TinySymbol>& symbols, uint64_t text,
                           KallsymsOrder order, PerCpu per_cpu);

struct TinyKernel {
    KallsymsOrder order = KallsymsOrder::offsets_last;
    PerCpu per_cpu = PerCpu::absolute;
    std::string vermagic = "9.9.9-tiny SMP preempt mod_unload ";
};
std::string tiny_vmlinux(const TinyKernel& kernel = {});

enum class Packing : uint8_t { none, gzip, xz, lzma, zstd, lz4, bzip2 };
std::string pack(std::string_view plain, Packing packing);

std::string bzimage(std::string_view payload);
// One of a kernel whose build sums the image.
std::string summed_bzimage(std::string_view payload);

using NamedFiles = std::vector<std::pair<std::string, std::string>>;
std::string tar(const NamedFiles& files);
std::string ar(const NamedFiles& members);
// A package whose data hold these files.
std::string deb(const NamedFiles& files, Packing packing);

// The kernel in physical memory, with page tables and VMCOREINFO: raw, and as an ELF dump.
std::string tiny_memory();
std::string tiny_vmcore();

}  // namespace defib::layouts::fixtures

#endif
