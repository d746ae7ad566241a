// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A process as its core has it (boot/salvage, "Processes"): the kernel's own notes for registers,
// ours for what these have no place for.
#ifndef DEFIB_BOOT_RESTART_SAVED_PROCESS_H
#define DEFIB_BOOT_RESTART_SAVED_PROCESS_H

#include <sys/user.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boot/restart/core_file.h"

namespace defib::boot {

inline constexpr size_t SAVED_LIMITS = 16;  // RLIM_NLIMITS
inline constexpr size_t SAVED_CAPABILITIES = 5;

struct SavedRange {
    uint64_t first = 0;
    uint64_t end = 0;

    uint64_t size() const { return end - first; }
    bool has(uint64_t address) const { return address >= first && address < end; }
    bool meets(const SavedRange& other) const { return first < other.end && other.first < end; }
};

struct SavedThread {
    int tid = 0;
    std::string name;
    user_regs_struct registers{};
    Bytes fpu;  // the standard form of XSAVE, or of FXSAVE; empty: it was not in memory
    std::string registers_are;  // "saved", or what else
    std::string fpu_is;
    uint64_t blocked = 0;
    uint64_t pending = 0;
    uint64_t signal_stack = 0;
    uint64_t signal_stack_size = 0;
    uint64_t signal_stack_flags = 0;
    uint64_t robust_list = 0;
    uint64_t clear_tid = 0;
    uint64_t rseq = 0;
    uint64_t rseq_size = 0;
    uint64_t rseq_signature = 0;
    uint64_t policy = 0;
    int64_t nice = 0;
    uint64_t realtime_priority = 0;
    uint64_t system_call_filter = 0;
    bool has_no_new_rights = false;
};

struct SavedMapping {
    SavedRange range;
    uint64_t flags = 0;  // VM_*
    bool has_file = false;
    std::string path;
    std::string kind;
    uint64_t from = 0;  // bytes of the file that lie before it
    uint64_t inode = 0;
    uint64_t bytes = 0;
    uint64_t written_ns = 0;
    bool is_deleted = false;

    bool is(uint64_t flag) const { return (flags & flag) != 0; }
};

struct SavedDescriptor {
    int descriptor = 0;
    std::string kind;  // file, folder, pipe, socket, device, other
    std::string path;
    std::pair<uint64_t, uint64_t> device;  // of a device: major, minor
    uint64_t inode = 0;
    int64_t offset = 0;
    uint64_t bytes = 0;
    uint64_t written_ns = 0;
    int flags = 0;
    bool closes_on_exec = false;
    bool is_deleted = false;
    uint64_t shares = 0;  // descriptors that have it in common have the offset in common
};

struct SavedSignal {
    int number = 0;
    uint64_t handler = 0;
    uint64_t flags = 0;
    uint64_t restorer = 0;
    uint64_t mask = 0;
};

struct SavedProcess {
    int pid = 0;
    std::string state;
    std::string held;
    std::string program;
    std::string root;
    std::string folder;
    uint64_t umask = 0;
    std::array<uint64_t, 4> uid{};  // real, effective, saved, of files
    std::array<uint64_t, 4> gid{};
    std::vector<uint32_t> groups;
    std::array<uint64_t, SAVED_CAPABILITIES> capabilities{};
    uint64_t securebits = 0;
    uint64_t pending = 0;
    std::array<std::pair<uint64_t, uint64_t>, SAVED_LIMITS> limits;
    SavedRange code;
    SavedRange data;
    SavedRange heap;
    SavedRange arguments;
    SavedRange environment;
    uint64_t stack = 0;
    std::vector<SavedRange> missing;  // swapped, or it moved while it was copied
    bool has_real_timer = false;
    uint64_t real_timer_interval_ns = 0;
    bool has_other_timers = false;
    bool has_name_spaces = false;
    std::vector<uint64_t> auxiliary;   // pairs
    std::vector<SavedThread> threads;  // the process' own first
    size_t threads_left_out = 0;       // of which the core has no registers
    std::vector<SavedMapping> mappings;
    std::vector<SavedDescriptor> files;
    std::vector<SavedSignal> signals;
    std::vector<CorePiece> pieces;

    bool stood_still() const { return held.starts_with("frozen"); }
    std::optional<uint64_t> auxiliary_value(uint64_t type) const;
    // What lies in the core from there on, as far as it goes on without a gap.
    Bytes bytes_at(uint64_t address) const;
};

Result<SavedProcess> read_saved_process(Bytes file, const std::string& name);

}  // namespace defib::boot

#endif
