// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// vmlinux and modules. Types come from .BTF, else from DWARF. Symbols come from .symtab; a vmlinux
// out of a vmlinuz is stripped of it, and then from the kallsyms tables in its read-only data.
#include "layouts/artefact/kernel_elf.h"

#include <optional>

#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/elf.h"
#include "layouts/artefact/identity.h"
#include "layouts/artefact/kallsyms.h"
#include "layouts/btf.h"
#include "layouts/dwarf/dwarf.h"

namespace defib::layouts {
namespace {

Bytes bytes_of(const ElfFile& elf, std::string_view name) {
    const ElfSection* section = elf.section(name);
    return section ? section->bytes : Bytes{};
}

// What kallsyms leaves out too (scripts/mksysmap): labels, and the parts of exported symbols.
bool is_noise(std::string_view name) {
    for (const std::string_view prefix :
         {"__ksymtab_", "__kstrtab_", "__kstrtabns_", "__crc_", ".L", "$"}) {
        if (name.starts_with(prefix)) return true;
    }
    return name.empty();
}

struct ElfSymbols {
    SymbolMap symbols;
    std::optional<uint64_t> text;
};

ElfSymbols read_symtab(const ElfFile& elf) {
    ElfSymbols result;
    const ElfSection* table = elf.section(".symtab");
    if (!table || table->header.sh_link >= elf.sections().size()) return result;
    const Bytes names = elf.sections()[table->header.sh_link].bytes;
    const size_t count = table->bytes.size() / sizeof(Elf64_Sym);
    SymbolTableBuilder builder;
    builder.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        const auto symbol = load<Elf64_Sym>(table->bytes, i * sizeof(Elf64_Sym));
        const unsigned type = ELF64_ST_TYPE(symbol.st_info);
        if (type == STT_SECTION || type == STT_FILE) continue;
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= elf.sections().size()) continue;
        const std::string_view name = text_at(names, symbol.st_name);
        if (is_noise(name)) continue;
        const ElfSection& section = elf.sections()[symbol.st_shndx];
        // x86-64 links per-CPU variables at 0 (up to 6.14); elsewhere they lie in the image.
        const bool is_absolute = section.name == ".data..percpu" && section.header.sh_addr == 0;
        if (name == "_text") result.text = symbol.st_value;
        builder.add(
            std::string(name), symbol.st_value,
            is_absolute ? SymbolBase::absolute : SymbolBase::text,
            ELF64_ST_BIND(symbol.st_info) == STB_LOCAL ? SymbolScope::local : SymbolScope::global);
    }
    if (result.text) result.symbols = std::move(builder).finish(*result.text);
    return result;
}

Result<ElfSymbols> read_symbols(const ElfFile& elf, const Input& input) {
    if (ElfSymbols found = read_symtab(elf); found.text) return found;
    // arch/*/kernel/vmlinux.lds.S: RO_DATA puts the tables into .rodata; .text cannot hold them.
    const ElfSection* rodata = elf.section(".rodata");
    const auto tables = find_kallsyms(rodata ? rodata->bytes : input.bytes, input.object);
    if (!tables) return std::unexpected(tables.error());
    auto decoded = decode_kallsyms(*tables, input.object);
    if (!decoded) return std::unexpected(decoded.error());
    return ElfSymbols{std::move(decoded->symbols), decoded->text};
}

void identify_kernel(KernelIdentity& kernel, const ElfFile& elf, const ElfSymbols& found,
                     const Input& input) {
    const ElfSection* rodata = elf.section(".rodata");
    const Bytes searched = rodata ? rodata->bytes : input.bytes;
    const auto at_symbol = [&](const char* name) -> Bytes {
        const auto symbol = found.symbols.find(name);
        if (symbol == found.symbols.end() || !found.text) return {};
        return elf.at_address(*found.text + static_cast<uint64_t>(symbol->second.value));
    };
    std::string banner = banner_at(at_symbol("linux_banner"));
    if (banner.empty()) banner = find_banner(searched);
    take_banner(kernel, std::move(banner));
    take_vermagic(kernel, find_vermagic(searched, kernel.release));
}

void identify_module(KernelIdentity& kernel, Bytes modinfo) {
    for (uint64_t at = 0; at < modinfo.size();) {
        const std::string_view line = text_at(modinfo, at);
        constexpr std::string_view KEY = "vermagic=";
        if (line.starts_with(KEY)) take_vermagic(kernel, line.substr(KEY.size()));
        at += line.size() + 1;
    }
}

Result<void> take_btf(Artefact& artefact, Bytes btf, bool is_split, const Input& input,
                      const ReadOptions& options) {
    Result<TypeGraph> types;
    if (is_split) {
        auto base = read_base(options);
        if (!base) return std::unexpected(base.error());
        // Another kernel's types may well fit the numbers that the module refers to.
        const std::string& release = artefact.kernel.release;
        if (!release.empty() && !base->kernel.release.empty() && release != base->kernel.release) {
            return fail(DEFIB_ERROR_LAYOUT_BASE_NEEDED, input.object,
                        "a module of " + release + ", but " + options.base.string() + " is of " +
                            base->kernel.release,
                        "name its own kernel with --base");
        }
        types = read_split_btf(base->btf, btf, input.object);
        artefact.memory.insert(artefact.memory.end(), base->memory.begin(), base->memory.end());
    } else {
        types = read_btf(btf, input.object);
    }
    if (!types) return std::unexpected(types.error());
    artefact.types = std::move(*types);
    artefact.btf = btf;
    artefact.kernel.btf_digest = digest_of(btf);
    return {};
}

Result<void> take_types(Artefact& artefact, const ElfFile& elf, const Input& input,
                        const ReadOptions& options) {
    const Bytes btf = bytes_of(elf, ".BTF");
    const bool is_module = elf.type() == ET_REL;
    const bool has_dwarf = has_dwarf_sections(elf);
    // A module's BTF is split (scripts/Makefile.modfinal: --btf_base vmlinux): without its base it
    // says nothing, and DWARF says all.
    const bool can_use_btf = !btf.empty() && (!is_module || !options.base.empty() || !has_dwarf);
    if (can_use_btf && options.types != TypeSource::dwarf) {
        return take_btf(artefact, btf, is_module, input, options);
    }
    if (!has_dwarf || options.types == TypeSource::btf) {
        return fail(DEFIB_ERROR_LAYOUT_NO_TYPES, input.object,
                    options.types == TypeSource::any ? "neither .BTF nor .debug_info in it"
                                                     : "not of the kind that was asked for",
                    "use the vmlinuz of a kernel with CONFIG_DEBUG_INFO_BTF, or its debug package");
    }
    auto dwarf = read_dwarf(elf, input.object, options.threads);
    if (!dwarf) return std::unexpected(dwarf.error());
    artefact.types = std::move(dwarf->types);
    artefact.memory.push_back(std::move(dwarf->memory));
    return {};
}

}  // namespace

bool looks_like_kernel_elf(Bytes head) {
    return ElfFile::recognises(head) && load16(head, offsetof(Elf64_Ehdr, e_type)) != ET_CORE;
}

Result<Artefact> read_base(const ReadOptions& options) {
    if (options.base.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_BASE_NEEDED, "a module's BTF", "",
                    "name its kernel's with --base, such as /sys/kernel/btf/vmlinux");
    }
    ReadOptions plain = options;
    plain.base.clear();
    plain.types = TypeSource::btf;
    auto base = read_artefact(options.base, plain);
    if (base && base->btf.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_NO_TYPES, options.base.string(), "no BTF in it");
    }
    return base;
}

Result<Artefact> read_kernel_elf(const Input& input, const ReadOptions& options) {
    auto elf = ElfFile::parse(input.bytes, input.object);
    if (!elf) return std::unexpected(elf.error());
    Artefact artefact;
    KernelIdentity& kernel = artefact.kernel;
    kernel.architecture = elf->architecture();
    if (kernel.architecture.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, input.object,
                    "for a processor that defib does not know", "x86-64 and arm64 are known");
    }
    kernel.build_id = elf->build_id();
    if (elf->type() == ET_REL) identify_module(kernel, bytes_of(*elf, ".modinfo"));
    if (auto types = take_types(artefact, *elf, input, options); !types) {
        return std::unexpected(types.error());
    }
    if (elf->type() == ET_REL) return artefact;
    auto found = read_symbols(*elf, input);
    if (!found) return std::unexpected(found.error());
    identify_kernel(kernel, *elf, *found, input);
    if (kernel.banner.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_NO_KERNEL, input.object,
                    "an ELF file without a Linux banner", "give it vmlinux, not a program");
    }
    kernel.page_table_levels = possible_page_table_levels(kernel.architecture, found->symbols);
    artefact.symbols = std::move(found->symbols);
    return artefact;
}

}  // namespace defib::layouts
