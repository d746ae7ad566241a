// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>

#include <elf.h>

#include <algorithm>

#include "boot/restart/criu/images.h"

namespace defib::boot::criu {
namespace {

// What CRIU calls a mapping's status.
constexpr uint64_t ORDINARY = 1 << 0;
constexpr uint64_t IS_VDSO = 1 << 3;
constexpr uint64_t IS_HEAP = 1 << 5;
constexpr uint64_t FILE_PRIVATE = 1 << 6;
constexpr uint64_t FILE_SHARED = 1 << 7;
constexpr uint64_t ANONYMOUS_PRIVATE = 1 << 9;
constexpr uint64_t IS_VVAR = 1 << 12;

uint64_t rights_of(const SavedMapping& mapping) {
    return (mapping.is(VM_READ) ? PROT_READ : 0U) | (mapping.is(VM_WRITE) ? PROT_WRITE : 0U) |
           (mapping.is(VM_EXEC) ? PROT_EXEC : 0U);
}

uint64_t advice_of(const SavedMapping& mapping) {
    struct Advice {
        uint64_t flag;
        unsigned advice;
    };
    constexpr Advice ALL[] = {{VM_DONTCOPY, MADV_DONTFORK},     {VM_WIPEONFORK, MADV_WIPEONFORK},
                              {VM_DONTDUMP, MADV_DONTDUMP},     {VM_HUGEPAGE, MADV_HUGEPAGE},
                              {VM_NOHUGEPAGE, MADV_NOHUGEPAGE}, {VM_MERGEABLE, MADV_MERGEABLE}};
    uint64_t advice = 0;
    for (const Advice& one : ALL)
        if (mapping.is(one.flag)) advice |= uint64_t{1} << one.advice;
    return advice;
}

bool is_heap(const SavedProcess& process, const SavedMapping& mapping) {
    return !mapping.has_file && mapping.range.first < process.heap.end &&
           process.heap.first < mapping.range.end;
}

uint64_t status_of(const SavedProcess& process, const SavedMapping& mapping) {
    switch (mapped(process, mapping)) {
        case Mapped::file:
            return ORDINARY | (mapping.is(VM_MAYSHARE) ? FILE_SHARED : FILE_PRIVATE);
        case Mapped::kernels_code:
            return ORDINARY | IS_VDSO | ANONYMOUS_PRIVATE;
        case Mapped::kernels_data:
            return ORDINARY | IS_VVAR | ANONYMOUS_PRIVATE;
        case Mapped::memory:
        case Mapped::nothing:
            break;
    }
    return ORDINARY | ANONYMOUS_PRIVATE | (is_heap(process, mapping) ? IS_HEAP : 0);
}

// As mmap() takes them. What was shared without a file becomes the process' own.
uint64_t flags_of(const SavedMapping& mapping, Mapped what) {
    const bool is_shared = what == Mapped::file && mapping.is(VM_MAYSHARE);
    return (is_shared ? MAP_SHARED : MAP_PRIVATE) | (what == Mapped::file ? 0 : MAP_ANONYMOUS) |
           (mapping.is(VM_GROWSDOWN) ? MAP_GROWSDOWN : 0) |
           (mapping.is(VM_NORESERVE) ? MAP_NORESERVE : 0) |
           (mapping.is(VM_LOCKED) ? MAP_LOCKED : 0);
}

Message mapping_of(const SavedProcess& process, const SavedMapping& mapping, FileTable& files) {
    const Mapped what = mapped(process, mapping);
    uint64_t file = 0;
    if (what == Mapped::file) {
        const auto flags = static_cast<uint64_t>(mapping_open_flags(mapping) & O_ACCMODE);
        file = files.add_mapped({mapping.path, flags, 0, mapping.bytes, true});
    }
    Message message;
    message.number(1, mapping.range.first)
        .number(2, mapping.range.end)
        .number(3, what == Mapped::file ? mapping.from : 0)
        .number(4, file)
        .number(5, rights_of(mapping))
        .number(6, flags_of(mapping, what))
        .number(7, status_of(process, mapping))
        .signed_number(8, -1);
    if (advice_of(mapping) != 0) message.number(9, advice_of(mapping));
    if (what == Mapped::file)
        message.number(10, static_cast<uint64_t>(mapping_open_flags(mapping) & O_ACCMODE));
    return message;
}

// Pages of files that are shared are the files'.
bool has_pages(Mapped what, const SavedMapping& mapping) {
    if (what == Mapped::file) return !mapping.is(VM_MAYSHARE);
    return what == Mapped::memory || what == Mapped::kernels_code;
}

// What the kernel told the program at its start, for who asks the kernel once more. CRIU takes so
// many words and no more; the program has its own, whole, on its stack.
void put_auxiliary(const SavedProcess& process, Message& memory) {
    constexpr size_t MOST = 44;
    for (size_t i = 0; i + 1 < process.auxiliary.size() && i < MOST; i += 2) {
        if (process.auxiliary[i] == AT_NULL) return;
        memory.number(13, process.auxiliary[i]).number(13, process.auxiliary[i + 1]);
    }
}

}  // namespace

// The code begins where the kernel has told the process; what it reads ends there.
Mapped mapped(const SavedProcess& process, const SavedMapping& mapping) {
    const uint64_t code = process.auxiliary_value(AT_SYSINFO_EHDR).value_or(0);
    if (code != 0 && mapping.range.has(code)) return Mapped::kernels_code;
    if (!mapping.has_file) {
        if (!mapping.is(VM_IO | VM_PFNMAP)) return Mapped::memory;
        return code != 0 && mapping.range.end == code ? Mapped::kernels_data : Mapped::nothing;
    }
    if (mapping.kind != "file") return Mapped::nothing;
    // A deleted one has no path any more: what was seen of it becomes the process' own memory.
    return mapping.is_deleted || !mapping.path.starts_with('/') ? Mapped::memory : Mapped::file;
}

Message memory_of(const SavedProcess& process, FileTable& files) {
    Message memory;
    const uint64_t bounds[] = {
        process.code.first,        process.code.end,        process.data.first,
        process.data.end,          process.stack,           process.heap.first,
        process.heap.end,          process.arguments.first, process.arguments.end,
        process.environment.first, process.environment.end};
    unsigned field = 0;
    for (const uint64_t bound : bounds) memory.number(++field, bound);
    memory.number(12, files.add_mapped({.path = process.program}));
    put_auxiliary(process, memory);
    for (const SavedMapping& one : process.mappings)
        if (mapped(process, one) != Mapped::nothing)
            memory.message(14, mapping_of(process, one, files));
    return memory;
}

void for_each_run(const SavedProcess& process,
                  const std::function<void(uint64_t address, Bytes pages)>& take) {
    for (const SavedMapping& mapping : process.mappings) {
        if (!has_pages(mapped(process, mapping), mapping)) continue;
        const uint64_t from = mapping.range.first;
        auto piece = std::ranges::upper_bound(process.pieces, from, {}, &CorePiece::end);
        for (; piece != process.pieces.end() && piece->first < mapping.range.end; ++piece) {
            const uint64_t first = std::max(piece->first, from);
            const uint64_t end = std::min(piece->end(), mapping.range.end);
            take(first, piece->bytes.subspan(first - piece->first, end - first));
        }
    }
}

}  // namespace defib::boot::criu
