// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "boot/restart/differences.h"
#include "boot/restart/rebuild.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

constexpr uint64_t NO_FILE = ~0ULL;

Result<void> without_value(const Result<uint64_t>& result) {
    return result ? Result<void>() : std::unexpected(result.error());
}

uint64_t rights_of(const SavedMapping& mapping) {
    return (mapping.is(VM_READ) ? PROT_READ : 0U) | (mapping.is(VM_WRITE) ? PROT_WRITE : 0U) |
           (mapping.is(VM_EXEC) ? PROT_EXEC : 0U);
}

class Memory {
  public:
    Memory(const SavedProcess& process, const KernelCode& code, Puppet& puppet)
        : process_(process), code_(code), puppet_(puppet) {}

    Result<void> clear();
    Result<void> map(const SavedMapping& mapping);
    Result<void> set_bounds();

  private:
    Result<uint64_t> open_there(const SavedMapping& mapping);
    Result<void> map(const SavedMapping& mapping, uint64_t file, bool is_shared);
    Result<void> fill(const SavedMapping& mapping, int file, bool is_shared);
    Result<void> advise(const SavedMapping& mapping);

    const SavedProcess& process_;
    const KernelCode& code_;
    Puppet& puppet_;
};

// All but the stage and the kernel's own pages.
Result<void> Memory::clear() {
    if (auto done = puppet_.forget_critical_sections(); !done) return done;
    const auto own = own_mappings(std::to_string(puppet_.pid()));
    if (!own) return std::unexpected(own.error());
    for (const OwnMapping& one : *own) {
        const bool stays = one.is_code_of_the_kernel() || one.is_data_of_the_kernel() ||
                           one.range.meets(puppet_.stage());
        if (stays) continue;
        const auto gone = puppet_.call("munmap", SYS_munmap, {one.range.first, one.range.size()});
        if (!gone) return std::unexpected(gone.error());
    }
    return {};
}

Result<uint64_t> Memory::open_there(const SavedMapping& mapping) {
    const auto path = puppet_.put_text(mapping.path);
    if (!path) return path;
    return puppet_.call(mapping.path.c_str(), SYS_open,
                        {*path, static_cast<uint64_t>(mapping_open_flags(mapping)), 0});
}

Result<void> Memory::fill(const SavedMapping& mapping, int file, bool is_shared) {
    // What is shared and may not be written is the file, as it is.
    if (is_shared && !mapping.is(VM_WRITE)) return {};
    return for_each_difference(process_, mapping, file, [&](uint64_t address, Bytes bytes) {
        return puppet_.write(address, bytes);
    });
}

Result<void> Memory::advise(const SavedMapping& mapping) {
    struct Advice {
        uint64_t flag;
        uint64_t advice;
    };
    constexpr Advice ALL[] = {{VM_DONTCOPY, MADV_DONTFORK},     {VM_WIPEONFORK, MADV_WIPEONFORK},
                              {VM_DONTDUMP, MADV_DONTDUMP},     {VM_HUGEPAGE, MADV_HUGEPAGE},
                              {VM_NOHUGEPAGE, MADV_NOHUGEPAGE}, {VM_MERGEABLE, MADV_MERGEABLE}};
    const SavedRange& at = mapping.range;
    for (const Advice& one : ALL) {
        if (!mapping.is(one.flag)) continue;
        // Advice is what a kernel may have been built without.
        [[maybe_unused]] const auto taken =
            puppet_.call("madvise", SYS_madvise, {at.first, at.size(), one.advice});
    }
    if (!mapping.is(VM_LOCKED)) return {};
    return without_value(puppet_.call("mlock", SYS_mlock, {at.first, at.size()}));
}

Result<void> Memory::map(const SavedMapping& mapping, uint64_t file, bool is_shared) {
    const SavedRange& at = mapping.range;
    // What is private is written first, and gets the rights that it had then.
    const uint64_t rights = rights_of(mapping);
    const uint64_t first_rights = is_shared ? rights : uint64_t{PROT_READ | PROT_WRITE};
    const uint64_t how = (is_shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED_NOREPLACE |
                         (file == NO_FILE ? MAP_ANONYMOUS : 0U) |
                         (mapping.is(VM_GROWSDOWN) ? MAP_GROWSDOWN : 0U) |
                         (mapping.is(VM_NORESERVE) ? MAP_NORESERVE : 0U);
    const auto place = puppet_.call(
        "mmap", SYS_mmap,
        {at.first, at.size(), first_rights, how, file, file == NO_FILE ? 0 : mapping.from});
    if (!place) return std::unexpected(place.error());
    UniqueFd here;
    if (file != NO_FILE) {
        here.reset(open(mapping.path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!here.is_open())
            return fail(DEFIB_ERROR_BASE_CANNOT_READ, mapping.path, std::strerror(errno));
    }
    if (auto filled = fill(mapping, here.get(), is_shared); !filled) return filled;
    if (rights != first_rights) {
        const auto closed = puppet_.call("mprotect", SYS_mprotect, {at.first, at.size(), rights});
        if (!closed) return std::unexpected(closed.error());
    }
    return advise(mapping);
}

Result<void> Memory::map(const SavedMapping& mapping) {
    switch (becomes(mapping, code_)) {
        case Becomes::memory:
            return map(mapping, NO_FILE, false);
        case Becomes::shared_memory:
            return map(mapping, NO_FILE, true);
        case Becomes::file: {
            const auto file = open_there(mapping);
            if (!file) return std::unexpected(file.error());
            if (auto done = map(mapping, *file, mapping.is(VM_MAYSHARE)); !done) return done;
            return without_value(puppet_.call("close", SYS_close, {*file}));
        }
        case Becomes::nothing:
        case Becomes::kernels:
            return {};
    }
    return {};
}

// What /proc shows of it, and where brk() goes on.
Result<void> Memory::set_bounds() {
    prctl_mm_map bounds{};
    bounds.start_code = process_.code.first;
    bounds.end_code = process_.code.end;
    bounds.start_data = process_.data.first;
    bounds.end_data = process_.data.end;
    bounds.start_brk = process_.heap.first;
    bounds.brk = process_.heap.end;
    bounds.start_stack = process_.stack;
    bounds.arg_start = process_.arguments.first;
    bounds.arg_end = process_.arguments.end;
    bounds.env_start = process_.environment.first;
    bounds.env_end = process_.environment.end;
    const auto program = puppet_.put_text(process_.program);
    if (!program) return std::unexpected(program.error());
    const auto file = puppet_.call("its program", SYS_open, {*program, O_RDONLY | O_CLOEXEC, 0});
    const auto words = std::as_bytes(std::span(process_.auxiliary));
    for (const uint64_t with : {file.value_or(NO_FILE), NO_FILE}) {
        const auto vector = puppet_.put(words);
        if (!vector) return std::unexpected(vector.error());
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the puppet's
        bounds.auxv = reinterpret_cast<__u64*>(*vector);
        bounds.auxv_size = static_cast<uint32_t>(words.size());
        bounds.exe_fd = static_cast<uint32_t>(with);
        const auto at = puppet_.put_value(bounds);
        if (!at) return std::unexpected(at.error());
        const auto set = puppet_.call("the bounds of its memory", SYS_prctl,
                                      {PR_SET_MM, PR_SET_MM_MAP, *at, sizeof bounds, 0});
        // Which program it is may be set by few; its heap matters more.
        if (!set && with == NO_FILE) return std::unexpected(set.error());
        if (set) break;
    }
    return file ? without_value(puppet_.call("close", SYS_close, {*file})) : Result<void>();
}

}  // namespace

Result<void> rebuild_memory(const SavedProcess& process, const KernelCode& code, Puppet& puppet,
                            uint64_t place) {
    Memory memory(process, code, puppet);
    if (auto clear = memory.clear(); !clear) return clear;
    if (auto done = rebuild_kernel_code(code, puppet, place); !done) return done;
    for (const SavedMapping& one : process.mappings)
        if (auto mapped = memory.map(one); !mapped) return mapped;
    return memory.set_bounds();
}

}  // namespace defib::boot
