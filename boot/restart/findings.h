// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What will not be as it was, named before anything is started. An obstacle is in the way until who
// restarts has allowed its kind; a note is told; what can never be is not asked for.
#ifndef DEFIB_BOOT_RESTART_FINDINGS_H
#define DEFIB_BOOT_RESTART_FINDINGS_H

#include <set>
#include <string>
#include <vector>

#include "boot/restart/kernel_code.h"
#include "boot/restart/saved_process.h"

namespace defib::boot {

enum class Weight { note, obstacle, never };

struct Finding {
    Weight weight = Weight::note;
    std::string kind;  // as --allow takes it
    std::string what;
    std::string instead;  // what becomes of it, where it is allowed
};

// Every kind that --allow takes, with what it means.
struct FindingKind {
    const char* name;
    const char* means;
};
std::span<const FindingKind> finding_kinds();

// include/linux/mm.h
inline constexpr uint64_t VM_READ = 0x1;
inline constexpr uint64_t VM_WRITE = 0x2;
inline constexpr uint64_t VM_EXEC = 0x4;
inline constexpr uint64_t VM_MAYWRITE = 0x20;
inline constexpr uint64_t VM_MAYSHARE = 0x80;
inline constexpr uint64_t VM_GROWSDOWN = 0x100;
inline constexpr uint64_t VM_PFNMAP = 0x400;
inline constexpr uint64_t VM_LOCKED = 0x2000;
inline constexpr uint64_t VM_IO = 0x4000;
inline constexpr uint64_t VM_DONTCOPY = 0x20000;
inline constexpr uint64_t VM_NORESERVE = 0x200000;
inline constexpr uint64_t VM_HUGETLB = 0x400000;
inline constexpr uint64_t VM_WIPEONFORK = 0x2000000;
inline constexpr uint64_t VM_DONTDUMP = 0x4000000;
inline constexpr uint64_t VM_HUGEPAGE = 0x20000000;
inline constexpr uint64_t VM_NOHUGEPAGE = 0x40000000;
inline constexpr uint64_t VM_MERGEABLE = 0x80000000;
inline constexpr uint64_t VM_PROTECTION_KEY = 0xfULL << 32;
inline constexpr uint64_t VM_USERFAULT = 0x200 | 0x1000;

// What a mapping becomes.
enum class Becomes { nothing, memory, shared_memory, file, kernels };
Becomes becomes(const SavedMapping& mapping, const KernelCode& code);
// It is a file of a file system that can be opened as it was.
bool can_be_opened(const std::string& path, bool is_deleted, int flags);
int mapping_open_flags(const SavedMapping& mapping);

std::vector<Finding> find_in_memory(const SavedProcess& process, const KernelCode& code);
std::vector<Finding> find_in_files(const SavedProcess& process);
std::vector<Finding> find_in_threads(const SavedProcess& process, const KernelCode& code);
std::vector<Finding> find_in_rights(const SavedProcess& process);

// Of those that this program has, as /proc/self/status shows them.
struct OwnRights {
    std::array<uint64_t, 4> uid{};
    std::array<uint64_t, 4> gid{};
    std::vector<uint32_t> groups;
    std::array<uint64_t, SAVED_CAPABILITIES> capabilities{};

    bool may(int capability) const { return (capabilities[2] >> capability & 1) != 0; }
};
OwnRights own_rights();
bool has_same_rights(const SavedProcess& process, const OwnRights& own);
// They are others than this program's, and it may give them.
bool are_to_be_given(const SavedProcess& process, const OwnRights& own);

// Whether another number than its own would be given to one of its threads.
bool can_keep_numbers(const SavedProcess& process, const OwnRights& own);

}  // namespace defib::boot

#endif
