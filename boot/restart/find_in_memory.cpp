// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "boot/restart/differences.h"
#include "boot/restart/file_state.h"
#include "boot/restart/findings.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

std::string where(const SavedMapping& mapping) {
    const std::string range = fmt::format("{:#x}-{:#x}", mapping.range.first, mapping.range.end);
    // Memory that is shared without a file has none but the root of the kernel's own mount.
    const bool has_name = mapping.path.size() > 1;
    return has_name ? mapping.path + ", mapped at " + range : "memory at " + range;
}

uint64_t least_address() {
    uint64_t least = 0;
    std::ifstream("/proc/sys/vm/mmap_min_addr") >> least;
    return least;
}

class Search {
  public:
    Search(const SavedProcess& process, const KernelCode& code) : process_(process), code_(code) {}

    void look_at(const SavedMapping& mapping);
    void look_at_missing();
    void look_at_kernel_code();
    std::vector<Finding> finish() { return std::move(found_); }

  private:
    void add(const char* kind, std::string what, std::string instead) {
        found_.push_back({Weight::obstacle, kind, std::move(what), std::move(instead)});
    }
    // A file has several mappings, and is told of once.
    bool is_new(const SavedMapping& mapping) { return files_.insert(mapping.path).second; }
    void look_at_flags(const SavedMapping& mapping);
    void look_at_file(const SavedMapping& mapping);
    void compare_shared(const SavedMapping& mapping);

    const SavedProcess& process_;
    const KernelCode& code_;
    std::vector<Finding> found_;
    std::set<std::string> files_;
};

// The kernel's pages are mapped files' too, and what the process saw of one is in the core.
void Search::compare_shared(const SavedMapping& mapping) {
    const UniqueFd file(open(mapping.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return;
    uint64_t bytes = 0;
    const auto compared =
        for_each_difference(process_, mapping, file.get(), [&](uint64_t, Bytes differ) {
            bytes += differ.size();
            return Result<void>();
        });
    if (!compared) return add("missing-files", where(mapping) + ": it cannot be read", "zeros");
    if (bytes == 0) return;
    add("changed-files",
        fmt::format("{}: {} KB of the file are not what the process had", where(mapping),
                    bytes / 1024),
        mapping.is(VM_WRITE) ? "they are put back into the file" : "the file is as it is");
}

void Search::look_at_file(const SavedMapping& mapping) {
    const bool is_first = is_new(mapping);
    if (!can_be_opened(mapping.path, mapping.is_deleted, mapping_open_flags(mapping))) {
        if (is_first)
            add("missing-files", where(mapping) + ": the file cannot be opened",
                "memory of its own, with what the core has");
        return;
    }
    const std::string changed =
        what_changed(mapping.path, {mapping.inode, mapping.bytes, mapping.written_ns});
    if (!changed.empty() && is_first)
        add("changed-files", where(mapping) + ": " + changed, "as it is now");
    if (mapping.is(VM_MAYSHARE)) compare_shared(mapping);
}

void Search::look_at_flags(const SavedMapping& mapping) {
    if (mapping.is(VM_HUGETLB))
        add("missing-memory", where(mapping) + ": huge pages are not in a core", "zeros");
    if (mapping.is(VM_USERFAULT))
        add("other-files", where(mapping) + ": its faults are another's to handle", "zeros");
    if (mapping.is(VM_PROTECTION_KEY))
        add("protection-keys", where(mapping) + ": it has a protection key", "none");
}

void Search::look_at(const SavedMapping& mapping) {
    const Becomes what = becomes(mapping, code_);
    if (what == Becomes::kernels) return;
    if (mapping.range.first < least_address()) {
        found_.push_back({Weight::never, "", where(mapping) + ": nothing may be mapped there", ""});
    }
    look_at_flags(mapping);
    switch (what) {
        case Becomes::nothing:
            return add("devices", where(mapping) + ": a device's", "nothing is there");
        case Becomes::shared_memory:
            return add("shared-memory", where(mapping) + ": others may have it too",
                       "memory of its own, with what the core has");
        case Becomes::file:
        case Becomes::memory:
            if (mapping.has_file) look_at_file(mapping);
            return;
        case Becomes::kernels:
            return;
    }
}

void Search::look_at_missing() {
    uint64_t bytes = 0;
    for (const SavedRange& one : process_.missing) bytes += one.size();
    if (bytes == 0) return;
    add("missing-memory",
        fmt::format("{} KB are not in the core: in the swap, or moved while they were copied",
                    bytes / 1024),
        "zeros, or what the mapped file has");
}

void Search::look_at_kernel_code() {
    if (code_.code.size() == 0 || code_.is_same) return;
    if (!code_.was_used) {
        found_.push_back(
            {Weight::note, "kernel-code",
             "the code that its kernel lent it (vdso) was never used, and is not there", ""});
        return;
    }
    for (const SavedThread& thread : process_.threads) {
        if (!code_.has(thread.registers.rip)) continue;
        found_.push_back(
            {Weight::never, "",
             fmt::format("thread {} was in code that another kernel lent it (vdso)", thread.tid),
             ""});
    }
    if (code_.made.empty()) {
        found_.push_back(
            {Weight::never, "", "the code that its kernel lent it (vdso) is not known", ""});
    }
    found_.push_back({Weight::note, "kernel-code",
                      "this kernel lends other code to tell the time (vdso): the functions of the "
                      "old one become system calls",
                      ""});
}

}  // namespace

Becomes becomes(const SavedMapping& mapping, const KernelCode& code) {
    if (code.has(mapping.range.first) || code.has_data(mapping.range.first))
        return Becomes::kernels;
    if (!mapping.has_file)
        return mapping.is(VM_IO | VM_PFNMAP) ? Becomes::nothing : Becomes::memory;
    if (mapping.kind != "file") return Becomes::nothing;
    if (mapping.is_deleted && mapping.is(VM_MAYSHARE)) return Becomes::shared_memory;
    return can_be_opened(mapping.path, mapping.is_deleted, mapping_open_flags(mapping))
               ? Becomes::file
               : Becomes::memory;
}

// Shared, and open for reading only, it is not VM_MAYWRITE (do_mmap()).
int mapping_open_flags(const SavedMapping& mapping) {
    const bool writes = mapping.is(VM_MAYSHARE) && mapping.is(VM_MAYWRITE);
    return (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC;
}

std::vector<Finding> find_in_memory(const SavedProcess& process, const KernelCode& code) {
    Search search(process, code);
    search.look_at_missing();
    search.look_at_kernel_code();
    for (const SavedMapping& one : process.mappings) search.look_at(one);
    return search.finish();
}

}  // namespace defib::boot
