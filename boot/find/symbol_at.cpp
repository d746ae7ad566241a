// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/symbol_at.h"

#include <vector>

#include "layouts/artefact/kallsyms.h"

namespace defib::boot {
namespace {

constexpr uint32_t MOST_SYMBOLS = 1 << 20;
constexpr size_t TOKEN_TABLE_BYTES = 16 * 4096;
constexpr size_t TOKEN_INDEX_BYTES = 512;
// Names compress to 15 bytes each; whoever has longer ones runs into the tables behind them.
constexpr size_t NAME_BYTES = 32;

class Tables {
  public:
    explicit Tables(const Kernel& kernel)
        : info_(kernel.info), memory_(kernel.window, kernel.map) {}

    std::string at(uint64_t address) {
        const auto count = memory_.read<uint32_t>(place("kallsyms_num_syms"));
        const auto base = memory_.read<uint64_t>(place("kallsyms_relative_base"));
        if (!count || !base || *count > MOST_SYMBOLS) return {};
        const bool is_read = read("kallsyms_names", *count * NAME_BYTES, names_) &&
                             read("kallsyms_token_table", TOKEN_TABLE_BYTES, table_) &&
                             read("kallsyms_token_index", TOKEN_INDEX_BYTES, index_) &&
                             read("kallsyms_offsets", size_t{*count} * 4, offsets_);
        if (!is_read) return {};
        return layouts::symbol_at({*count, names_, table_, index_, offsets_, *base}, address);
    }

  private:
    uint64_t place(const char* name) const { return info_.symbol(name).value_or(0); }
    bool read(const char* name, size_t size, std::vector<std::byte>& into) {
        into.resize(size);
        return memory_.read(place(name), into.data(), size);
    }

    const layouts::Vmcoreinfo& info_;
    KernelMemory memory_;
    std::vector<std::byte> names_;
    std::vector<std::byte> table_;
    std::vector<std::byte> index_;
    std::vector<std::byte> offsets_;
};

}  // namespace

std::string symbol_at(const Kernel& kernel, uint64_t address) {
    return Tables(kernel).at(address);
}

}  // namespace defib::boot
