// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A kernel found in nothing but memory. VMCOREINFO, a page that begins with OSRELEASE=, leads to
// the page tables and to kallsyms; kallsyms leads to the banner, the notes and the BTF. A page that
// only looks like VMCOREINFO (a copy in a buffer, an earlier kernel's before kexec) leads nowhere:
// a kernel is believed when the banner that its own tables lead to names the same release.
#include "layouts/artefact/memory_image.h"

#include <algorithm>
#include <array>
#include <optional>

#include "layouts/artefact/byte_reader.h"
#include "layouts/artefact/elf.h"
#include "layouts/artefact/identity.h"
#include "layouts/artefact/kallsyms.h"
#include "layouts/artefact/kernel_memory_x86_64.h"
#include "layouts/artefact/physical_memory.h"
#include "layouts/artefact/vmcoreinfo.h"
#include "layouts/btf.h"

namespace defib::layouts {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr std::string_view VMCOREINFO_START = "OSRELEASE=";
constexpr uint64_t MOST_SYMBOLS = 4U << 20;
constexpr uint64_t MOST_BTF_BYTES = uint64_t{128} << 20;
constexpr uint64_t MOST_RODATA_BYTES = uint64_t{64} << 20;

std::unexpected<Error> no_kernel(const Input& input, std::string detail) {
    return fail(DEFIB_ERROR_LAYOUT_NO_KERNEL, input.object, std::move(detail),
                "a memory image of a running x86-64 Linux is what can be read");
}

// The tables in memory, and the memory that they were read into.
struct MemoryKallsyms {
    std::vector<std::byte> names;
    std::vector<std::byte> token_table;
    std::vector<std::byte> token_index;
    std::vector<std::byte> offsets;
    KallsymsTables tables;
};

// kallsyms' addresses are in VMCOREINFO since 6.0 (commits 5fd8fea935a1 "vmcoreinfo: include
// kallsyms symbols" and f09bddbd8661, which adds their count).
std::optional<MemoryKallsyms> kallsyms_of(const KernelMemoryX86& kernel, const Vmcoreinfo& info) {
    const auto at = [&](const char* name) { return info.symbol(name).value_or(0); };
    const auto count = kernel.read_value<uint32_t>(at("kallsyms_num_syms"));
    if (!count || *count > MOST_SYMBOLS) return std::nullopt;
    const auto base = kernel.read_value<uint64_t>(at("kallsyms_relative_base"));
    // Names compress to 15 bytes each; whoever has longer ones runs into the tables behind them.
    auto names = kernel.read(at("kallsyms_names"), uint64_t{*count} * 32);
    auto token_table = kernel.read(at("kallsyms_token_table"), 16 * PAGE);
    auto token_index = kernel.read(at("kallsyms_token_index"), 512);
    auto offsets = kernel.read(at("kallsyms_offsets"), uint64_t{*count} * 4);
    if (!base || !names || !token_table || !token_index || !offsets) return std::nullopt;
    MemoryKallsyms found{std::move(*names),
                         std::move(*token_table),
                         std::move(*token_index),
                         std::move(*offsets),
                         {}};
    found.tables = {*count,        found.names, found.token_table, found.token_index,
                    found.offsets, *base};
    return found;
}

// Everything of one kernel whose VMCOREINFO and page tables lead somewhere. An error is what is
// wrong with it; nothing, that this was no kernel at all.
class KernelInMemory {
  public:
    KernelInMemory(const Input& input, const KernelMemoryX86& kernel, const Vmcoreinfo& info)
        : input_(input), kernel_(kernel), info_(info) {}

    std::optional<Result<Artefact>> read() {
        const auto tables = kallsyms_of(kernel_, info_);
        if (!tables) return std::nullopt;
        auto decoded = decode_kallsyms(tables->tables, input_.object);
        if (!decoded) return std::nullopt;
        text_ = decoded->text;
        artefact_.symbols = std::move(decoded->symbols);
        const auto banner = between("linux_banner", 1024);
        if (!banner) return std::nullopt;
        take_banner(artefact_.kernel, banner_at(*banner));
        if (artefact_.kernel.release != info_.release()) return std::nullopt;
        identify();
        if (auto done = take_types(); !done) return std::unexpected(done.error());
        return std::move(artefact_);
    }

  private:
    std::optional<uint64_t> address_of(const char* name) const {
        const auto symbol = artefact_.symbols.find(name);
        if (symbol == artefact_.symbols.end() || symbol->second.is_absolute) return std::nullopt;
        return text_ + static_cast<uint64_t>(symbol->second.value);
    }

    std::optional<std::vector<std::byte>> between(const char* start, uint64_t length) const {
        const auto address = address_of(start);
        if (!address) return std::nullopt;
        return kernel_.read(*address, length);
    }

    std::optional<std::vector<std::byte>> between(const char* start, const char* stop,
                                                  uint64_t limit) const {
        const auto from = address_of(start);
        const auto to = address_of(stop);
        if (!from || !to || *to <= *from || *to - *from > limit) return std::nullopt;
        return kernel_.read(*from, *to - *from);
    }

    void identify() {
        KernelIdentity& kernel = artefact_.kernel;
        kernel.architecture = "x86_64";
        kernel.page_table_levels =
            possible_page_table_levels(kernel.architecture, artefact_.symbols);
        // Not VMCOREINFO's BUILD-ID: in some stable kernels it is garbage (6.1.113 to 118 and
        // others).
        if (const auto notes = between("__start_notes", "__stop_notes", PAGE)) {
            for (const ElfNote& note : parse_notes(*notes)) {
                if (note.type == NT_GNU_BUILD_ID && note.name == "GNU") {
                    kernel.build_id = to_hex(note.content);
                }
            }
        }
        if (const auto rodata = between("__start_rodata", "__end_rodata", MOST_RODATA_BYTES)) {
            take_vermagic(kernel, find_vermagic(*rodata, kernel.release));
        }
    }

    Result<void> take_types() {
        auto btf = between("__start_BTF", "__stop_BTF", MOST_BTF_BYTES);
        if (!btf) {
            return fail(DEFIB_ERROR_LAYOUT_NO_TYPES, input_.object,
                        "the kernel in it, " + info_.release() + ", carries no BTF",
                        "use its debug package's vmlinux");
        }
        auto kept = std::make_shared<const std::vector<std::byte>>(std::move(*btf));
        auto types = read_btf(*kept, input_.object);
        if (!types) return std::unexpected(types.error());
        artefact_.types = std::move(*types);
        artefact_.btf = *kept;
        artefact_.kernel.btf_digest = digest_of(*kept);
        artefact_.memory.push_back(std::move(kept));
        return {};
    }

    const Input& input_;
    const KernelMemoryX86& kernel_;
    const Vmcoreinfo& info_;
    uint64_t text_ = 0;
    Artefact artefact_;
};

std::optional<Result<Artefact>> try_kernel(const Input& input, const PhysicalMemory& memory,
                                           std::string_view vmcoreinfo) {
    const auto info = Vmcoreinfo::parse(vmcoreinfo);
    if (!info) return std::nullopt;
    const auto kernel = KernelMemoryX86::make(memory, *info);
    if (!kernel) return std::nullopt;
    return KernelInMemory(input, *kernel, *info).read();
}

// Looks at the first bytes of each page, and at the whole of those that promise something.
Result<Artefact> search(const Input& input, const MemoryFile& file,
                        const std::vector<std::vector<MemoryRange>>& layouts) {
    std::optional<Result<Artefact>> found;
    bool has_candidate = false;
    for (const MemoryRange& range : layouts.front()) {
        file.for_each_page(range.offset, range.offset + range.length, [&](uint64_t offset) {
            std::array<std::byte, VMCOREINFO_START.size()> start{};
            if (!file.read(offset, start) || as_text(start) != VMCOREINFO_START) return true;
            std::array<std::byte, PAGE> page{};
            if (!file.read(offset, page)) return true;
            has_candidate = true;
            for (const auto& ranges : layouts) {
                const PhysicalMemory memory(file, ranges);
                found = try_kernel(input, memory, as_text(page));
                if (found) return false;
            }
            return true;
        });
        if (found) return std::move(*found);
    }
    return no_kernel(input, has_candidate ? "VMCOREINFO is there, but leads to no kernel"
                                          : "no VMCOREINFO in its memory");
}

}  // namespace

bool looks_like_vmcore(Bytes head) {
    return ElfFile::recognises(head) && load16(head, offsetof(Elf64_Ehdr, e_type)) == ET_CORE;
}

bool looks_like_compressed_dump(Bytes head) {
    return starts_with(head, "KDUMP   ") || starts_with(head, "DISKDUMP") ||
           starts_with(head, "makedumpfile");
}

bool could_be_ram(Bytes file) {
    constexpr size_t LEAST = size_t{16} << 20;
    return file.size() >= LEAST && file.size() % PAGE == 0;
}

Result<Artefact> refuse_compressed_dump(const Input& input, const ReadOptions&) {
    return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, input.object, "a dump in makedumpfile's own format",
                "make an ELF dump: makedumpfile -E, or virsh dump --memory-only --format elf");
}

Result<Artefact> read_vmcore(const Input& input, const ReadOptions&) {
    const auto elf = ElfFile::parse(input.bytes, input.object);
    if (!elf) return std::unexpected(elf.error());
    if (elf->machine() != EM_X86_64) {
        return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, input.object, "a dump of another processor");
    }
    const auto file = MemoryFile::open(input);
    if (!file) return std::unexpected(file.error());
    std::vector<MemoryRange> ranges;
    for (const Elf64_Phdr& segment : elf->segments()) {
        if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
        if (segment.p_offset + segment.p_filesz < segment.p_offset ||
            segment.p_offset + segment.p_filesz > file->size()) {
            return fail(DEFIB_ERROR_LAYOUT_TRUNCATED, input.object,
                        "its memory ends beyond the end of the file");
        }
        ranges.push_back({segment.p_paddr, segment.p_filesz, segment.p_offset});
    }
    if (ranges.empty()) return no_kernel(input, "a dump without memory");
    const PhysicalMemory memory(*file, ranges);
    for (const ElfNote& note : elf->notes()) {
        if (note.name != "VMCOREINFO") continue;
        auto found = try_kernel(input, memory, as_text(note.content));
        if (found) return std::move(*found);
    }
    return search(input, *file, {ranges});
}

Result<Artefact> read_ram(const Input& input, const ReadOptions&) {
    const auto file = MemoryFile::open(input);
    if (!file) return std::unexpected(file.error());
    return search(input, *file, possible_ranges(file->size()));
}

}  // namespace defib::layouts
