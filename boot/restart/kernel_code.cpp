// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/kernel_code.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace defib::boot {
namespace {

constexpr uint64_t VM_PFNMAP = 0x400;  // include/linux/mm.h
constexpr uint64_t MOST_CODE = 1 << 20;

struct Function {
    std::string_view name;
    uint32_t number;
};
// arch/x86/entry/vdso/vdso.lds.S; each has the arguments of its system call.
constexpr Function FUNCTIONS[] = {{"__vdso_clock_gettime", SYS_clock_gettime},
                                  {"__vdso_gettimeofday", SYS_gettimeofday},
                                  {"__vdso_time", SYS_time},
                                  {"__vdso_getcpu", SYS_getcpu},
                                  {"__vdso_clock_getres", SYS_clock_getres},
                                  {"__vdso_getrandom", SYS_getrandom}};

// mov $NUMBER, %eax; syscall; ret
std::vector<std::byte> code_of_call(uint32_t number) {
    std::vector<std::byte> code = {std::byte{0xb8}, std::byte{0},   std::byte{0},
                                   std::byte{0},    std::byte{0},   std::byte{0x0f},
                                   std::byte{0x05}, std::byte{0xc3}};
    std::memcpy(code.data() + 1, &number, sizeof number);
    return code;
}

template <class T>
bool read(Bytes image, uint64_t at, T& value) {
    if (at > image.size() || sizeof value > image.size() - at) return false;
    std::memcpy(&value, image.data() + at, sizeof value);
    return true;
}

std::string_view text_at(Bytes image, uint64_t at) {
    if (at >= image.size()) return {};
    const std::string_view rest = as_text(image.subspan(at));
    return rest.substr(0, rest.find('\0'));
}

struct SymbolTable {
    uint64_t at = 0;
    uint64_t names = 0;  // the linker puts them behind the symbols
};

// The page is linked at 0, so that an address is a place in it. What its loader looks at is there;
// section headers, which nobody needs, may never have been touched.
SymbolTable find_symbols(Bytes image, const Elf64_Ehdr& header) {
    SymbolTable table;
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment{};
        if (!read(image, header.e_phoff + i * sizeof segment, segment)) return {};
        if (segment.p_type != PT_DYNAMIC) continue;
        Elf64_Dyn entry{};
        for (uint64_t at = segment.p_offset; read(image, at, entry) && entry.d_tag != DT_NULL;
             at += sizeof entry) {
            if (entry.d_tag == DT_SYMTAB) table.at = entry.d_un.d_ptr;
            if (entry.d_tag == DT_STRTAB) table.names = entry.d_un.d_ptr;
        }
    }
    return table;
}

bool patch_symbols(Bytes image, const SymbolTable& table, std::vector<std::byte>& made) {
    bool is_any = false;
    for (uint64_t at = table.at; at + sizeof(Elf64_Sym) <= table.names; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol{};
        if (!read(image, at, symbol)) return false;
        const std::string_view name = text_at(image, table.names + symbol.st_name);
        const auto* known = std::ranges::find(FUNCTIONS, name, &Function::name);
        if (known == std::end(FUNCTIONS) || symbol.st_shndx == SHN_UNDEF) continue;
        const auto code = code_of_call(known->number);
        const bool fits = symbol.st_value <= made.size() && symbol.st_size >= code.size() &&
                          code.size() <= made.size() - symbol.st_value;
        if (!fits) return false;
        std::ranges::copy(code, made.begin() + static_cast<ptrdiff_t>(symbol.st_value));
        is_any = true;
    }
    return is_any;
}

bool is_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::byte one) { return one == std::byte{0}; });
}

// A page that the process never touched is zeros in the core.
bool is_same_code(Bytes saved, Bytes here) {
    if (saved.size() != here.size()) return false;
    for (uint64_t at = 0; at < saved.size(); at += PAGE_BYTES) {
        const Bytes page = saved.subspan(at, PAGE_BYTES);
        if (!is_zero(page) && std::memcmp(page.data(), here.data() + at, page.size()) != 0)
            return false;
    }
    return true;
}

SavedRange all_of(const std::vector<OwnMapping>& own, bool (OwnMapping::*is_it)() const) {
    SavedRange all;
    for (const OwnMapping& one : own) {
        if (!(one.*is_it)()) continue;
        if (all.end == 0) all.first = one.range.first;
        all.end = one.range.end;
    }
    return all;
}

Result<void> move_range(Puppet& puppet, const SavedRange& from, uint64_t to) {
    constexpr uint64_t HOW = MREMAP_MAYMOVE | MREMAP_FIXED;
    if (from.size() == 0 || from.first == to) return {};
    const auto moved = puppet.call("the kernel does not let its own page be moved", SYS_mremap,
                                   {from.first, from.size(), from.size(), HOW, to});
    return moved ? Result<void>() : std::unexpected(moved.error());
}

Result<void> remove(Puppet& puppet, const SavedRange& range) {
    if (range.size() == 0) return {};
    const auto gone = puppet.call("munmap", SYS_munmap, {range.first, range.size()});
    return gone ? Result<void>() : std::unexpected(gone.error());
}

Result<void> put_made(const KernelCode& code, Puppet& puppet) {
    if (code.made.empty()) return {};
    constexpr uint64_t WHAT = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    const auto place =
        puppet.call("mmap", SYS_mmap,
                    {code.code.first, code.made.size(), PROT_READ | PROT_WRITE, WHAT, ~0ULL, 0});
    if (!place) return std::unexpected(place.error());
    if (auto put = puppet.write(code.code.first, code.made); !put) return put;
    const auto closed = puppet.call("mprotect", SYS_mprotect,
                                    {code.code.first, code.made.size(), PROT_READ | PROT_EXEC});
    return closed ? Result<void>() : std::unexpected(closed.error());
}

}  // namespace

std::vector<std::byte> with_system_calls(Bytes image) {
    Elf64_Ehdr header{};
    if (image.size() > MOST_CODE || !read(image, 0, header) ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return {};
    std::vector<std::byte> made(image.begin(), image.end());
    return patch_symbols(image, find_symbols(image, header), made) ? made
                                                                   : std::vector<std::byte>();
}

KernelCode compare_kernel_code(const SavedProcess& process, const std::vector<OwnMapping>& own) {
    KernelCode code;
    code.code_here = all_of(own, &OwnMapping::is_code_of_the_kernel);
    code.data_here = all_of(own, &OwnMapping::is_data_of_the_kernel);
    const auto start = process.auxiliary_value(AT_SYSINFO_EHDR);
    const auto& all = process.mappings;
    const auto found = std::ranges::find_if(all, [&](const SavedMapping& one) {
        return start && one.range.first == *start && !one.has_file;
    });
    if (found == all.end()) return code;
    code.code = found->range;
    code.data = {code.code.first, code.code.first};
    for (auto one = found; one != all.begin();) {
        --one;
        if (one->has_file || !one->is(VM_PFNMAP) || one->range.end != code.data.first) break;
        code.data.first = one->range.first;
    }
    const Bytes there = process.bytes_at(code.code.first);
    code.was_used = true;
    if (there.size() < code.code.size()) return code;  // it is missing
    const Bytes image = there.first(code.code.size());
    // NOLINTNEXTLINE(performance-no-int-to-ptr): this program's own
    const auto* own_code = reinterpret_cast<const std::byte*>(code.code_here.first);
    const bool has_same_shape =
        code.data_here.size() == code.data.size() && code.data_here.end == code.code_here.first;
    code.is_same = has_same_shape && is_same_code(image, {own_code, code.code_here.size()});
    code.was_used = !is_zero(image);
    if (!code.is_same && code.was_used) code.made = with_system_calls(image);
    return code;
}

Result<void> rebuild_kernel_code(const KernelCode& code, Puppet& puppet, uint64_t place) {
    if (!code.is_same) {
        for (const SavedRange& one : {code.data_here, code.code_here})
            if (auto gone = remove(puppet, one); !gone) return gone;
        return put_made(code, puppet);
    }
    if (code.code.first == code.code_here.first) return {};
    // By way of a free place, for where it is and where it goes may overlap. [vvar_vclock] and
    // [vvar] may be two mappings, and mremap() moves one.
    const auto own = own_mappings(std::to_string(puppet.pid()));
    if (!own) return std::unexpected(own.error());
    const uint64_t start =
        std::min(code.data_here.size() == 0 ? code.code_here.first : code.data_here.first,
                 code.code_here.first);
    const uint64_t to = code.data.size() == 0 ? code.code.first : code.data.first;
    for (const uint64_t goal : {place, to}) {
        const uint64_t from = goal == place ? start : place;
        for (const OwnMapping& one : *own) {
            if (!one.is_code_of_the_kernel() && !one.is_data_of_the_kernel()) continue;
            const uint64_t offset = one.range.first - start;
            const SavedRange now{from + offset, from + offset + one.range.size()};
            if (auto moved = move_range(puppet, now, goal + offset); !moved) return moved;
        }
    }
    return {};
}

}  // namespace defib::boot
