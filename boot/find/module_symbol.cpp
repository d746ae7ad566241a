// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/find/module_symbol.h"

#include <fmt/format.h>

#include <elf.h>

#include <algorithm>
#include <vector>

#include "boot/find/layout_reader.h"

namespace defib::boot {
namespace {

constexpr uint32_t MOST_MODULES = 4096;
constexpr uint64_t MOST_SYMBOLS = 1 << 18;
constexpr size_t LONGEST_NAME = 512;  // KSYM_NAME_LEN
constexpr uint64_t MOST_PIECES = 16;  // MOD_MEM_NUM_TYPES is 7

class Modules {
  public:
    Modules(const Kernel& kernel, const layouts::Layout& layout) : reader_(kernel, layout) {}

    std::string symbol_at(uint64_t address) {
        const auto head = reader_.symbol("modules");
        const auto* list = reader_.member("module", "list");
        if (!head || list == nullptr) return {};
        std::string found;
        reader_.any_of_list(*head, list->offset, MOST_MODULES, [&](uint64_t module) {
            const bool is_it = holds(module, address);
            if (is_it) found = name_in(module, address);
            return is_it;
        });
        return found;
    }

  private:
    bool is_in(uint64_t piece, const char* structure, uint64_t address) {
        const auto base = reader_.word(piece, structure, "base");
        const auto size = reader_.word(piece, structure, "size");
        return base && size && address >= *base && address - *base < *size;
    }

    // Since 6.4 (ac3b43283923) a module's memory is an array of pieces, before it is one.
    bool holds(uint64_t module, uint64_t address) {
        if (const auto* mem = reader_.member("module", "mem"); mem != nullptr) {
            const auto* piece = reader_.structure("module_memory");
            if (piece == nullptr || piece->size == 0) return false;
            const uint64_t count = std::min(mem->size / piece->size, MOST_PIECES);
            for (uint64_t i = 0; i < count; i++) {
                const uint64_t at = module + mem->offset + i * piece->size;
                if (is_in(at, "module_memory", address)) return true;
            }
            return false;
        }
        const auto* core = reader_.member("module", "core_layout");
        return core != nullptr && is_in(module + core->offset, "module_layout", address);
    }

    std::string name_in(uint64_t module, uint64_t address) {
        const auto* name = reader_.member("module", "name");
        const std::string owner =
            name == nullptr ? "?" : reader_.memory().read_text(module + name->offset, name->size);
        const std::string symbol = nearest(module, address);
        return symbol.empty() ? fmt::format("[{}]", owner) : fmt::format("{} [{}]", symbol, owner);
    }

    // The last symbol that begins at or before the address (find_kallsyms_symbol() in
    // kernel/module/kallsyms.c).
    std::string nearest(uint64_t module, uint64_t address) {
        const auto table = reader_.word(module, "module", "kallsyms");
        if (!table || *table == 0) return {};
        const auto symbols = reader_.word(*table, "mod_kallsyms", "symtab");
        const auto count = reader_.word(*table, "mod_kallsyms", "num_symtab");
        const auto names = reader_.word(*table, "mod_kallsyms", "strtab");
        if (!symbols || !count || !names || *count > MOST_SYMBOLS) return {};
        std::vector<Elf64_Sym> all(*count);
        if (!reader_.memory().read(*symbols, all.data(), all.size() * sizeof(Elf64_Sym))) return {};
        const Elf64_Sym* best = nullptr;
        std::string best_name;
        for (const Elf64_Sym& one : all) {
            const bool is_nearer = one.st_shndx != SHN_UNDEF && one.st_value <= address &&
                                   (best == nullptr || one.st_value > best->st_value);
            if (!is_nearer || !holds(module, one.st_value)) continue;
            std::string name = reader_.memory().read_text(*names + one.st_name, LONGEST_NAME);
            // Marks of the compiler and the assembler, which the kernel passes over too.
            if (name.empty() || name.starts_with('$') || name.starts_with(".L")) continue;
            best = &one;
            best_name = std::move(name);
        }
        if (best == nullptr) return {};
        const uint64_t within = address - best->st_value;
        return within == 0 ? best_name : fmt::format("{}+{:#x}", best_name, within);
    }

    LayoutReader reader_;
};

}  // namespace

std::string module_symbol_at(const Kernel& kernel, const layouts::Layout& layout,
                             uint64_t address) {
    return Modules(kernel, layout).symbol_at(address);
}

}  // namespace defib::boot
