// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What hangs on a process besides what ps shows: its mappings, open files, signal handlers,
// credentials, and where the kernel keeps a thread's registers (x86-64).
#ifndef DEFIB_ENGINE_KERNEL_PROCESS_IMAGE_H
#define DEFIB_ENGINE_KERNEL_PROCESS_IMAGE_H

#include "engine/kernel/files.h"
#include "engine/kernel/interrupt_frame_x86_64.h"
#include "engine/kernel/maple_tree.h"

kernel_part path {
    kp<vfsmount> mnt;
    kp<struct dentry> dentry;
};
kernel_struct file {
    path f_path;
    kp<inode> f_inode;
    u32 f_flags;
    s64 f_pos;
};
kernel_struct fdtable {
    u32 max_fds;
    kp<kp<file>> fd;
    kp<u64> close_on_exec;
};
kernel_struct files_struct {
    kp<fdtable> fdt;
};
kernel_struct fs_struct {
    path root;
    path pwd;
    s32 umask;
};

kernel_struct vm_area_struct {
    u64 vm_start;
    u64 vm_end;
    u64 vm_flags;
    u64 vm_pgoff;
    kp<file> vm_file;
};
kernel_struct mm_struct___image {
    maple_tree mm_mt;
    kp<void> pgd;
    s32 map_count;
    u64 start_code;
    u64 end_code;
    u64 start_data;
    u64 end_data;
    u64 start_brk;
    u64 brk;
    u64 start_stack;
    u64 arg_start;
    u64 arg_end;
    u64 env_start;
    u64 env_end;
    u64 saved_auxv[1];  // more, by version
    kp<file> exe_file;
};

kernel_part sigaction {
    u64 sa_handler;
    u64 sa_flags;
    u64 sa_restorer;
    sigset_t sa_mask;
};
kernel_struct k_sigaction {
    sigaction sa;
};
kernel_struct sighand_struct {
    k_sigaction action[64];  // _NSIG
};

// A set of capabilities is one word; two of 32 bits, low half first, before 6.3 (f122a08b197d).
kernel_part kernel_cap_t {
    u64 val;
};
kernel_struct group_info {
    s32 ngroups;
    kgid_t gid[0];
};
kernel_struct cred___image {
    kuid_t uid;
    kuid_t euid;
    kuid_t suid;
    kuid_t fsuid;
    kgid_t gid;
    kgid_t egid;
    kgid_t sgid;
    kgid_t fsgid;
    u32 securebits;
    kernel_cap_t cap_inheritable;
    kernel_cap_t cap_permitted;
    kernel_cap_t cap_effective;
    kernel_cap_t cap_bset;
    kernel_cap_t cap_ambient;
    kp<struct group_info> group_info;
};

// What XSAVE wrote, or FXSAVE on an old processor: in `regs`. Since 5.16 (87d0e5be0fac) behind a
// pointer, as it may grow.
kernel_union fpregs_state{};
kernel_struct fpstate {
    u32 user_size;
    u64 user_xfeatures;
    union fpregs_state regs;
};
kernel_part fpu {
    kp<struct fpstate> fpstate;
};
kernel_part thread_struct {
    u16 es;
    u16 ds;
    u16 fsindex;
    u16 gsindex;
    u64 fsbase;
    u64 gsbase;
    struct fpu fpu;
};
kernel_struct hrtimer {
    u8 state;
};
kernel_part cpu_itimer {
    u64 expires;
    u64 incr;
};
kernel_struct signal_struct___image {
    kp<pid> pids[4];
    // In later kernels a hlist_head: only its first word is looked at.
    list_head posix_timers;
    struct hrtimer real_timer;
    s64 it_real_incr;
    cpu_itimer it[2];  // ITIMER_VIRTUAL, ITIMER_PROF
};
kernel_part seccomp {
    s32 mode;
};

// When a file was written last. 6.7 (12cd44023651) gave it another name, 6.11 (3aa63a569c64) two.
kernel_part timespec64 {
    s64 tv_sec;
    s64 tv_nsec;
};
kernel_struct inode___before_mtime_was_hidden {
    timespec64 i_mtime;
};
kernel_struct inode___hidden_mtime {
    timespec64 __i_mtime;
};
kernel_struct inode___mtime_in_two {
    s64 i_mtime_sec;
    u32 i_mtime_nsec;
};

kernel_struct task_struct___image {
    kp<void> stack;
    kp<files_struct> files;
    kp<fs_struct> fs;
    kp<sighand_struct> sighand;
    kp<mm_struct___image> mm;
    kp<cred___image> real_cred;
    kp<signal_struct___image> signal;
    thread_struct thread;
    u64 sas_ss_sp;
    u64 sas_ss_size;
    u32 sas_ss_flags;
    sigset_t saved_sigmask;
    BitField restore_sigmask;
    u64 atomic_flags;
    u32 rt_priority;
    struct seccomp seccomp;
    kp<void> robust_list;
    kp<void> clear_child_tid;
    kp<void> rseq;
    u32 rseq_len;  // since 6.3 (ee3e3ac05c26); 32 before
    u32 rseq_sig;
    kp<void> nsproxy;
};

inline kp<task_struct___image> image_of(kp<task_struct> task) {
    return pointer_from<task_struct___image>(address_of(task));
}

inline u64 nanoseconds_of(s64 seconds, s64 rest) {
    return static_cast<u64>(seconds) * 1000000000 + static_cast<u64>(rest);
}

inline u64 written_at(kp<inode> file) {
    const u64 at = address_of(file);
    if (exists(inode___mtime_in_two, i_mtime_sec) && exists(inode___mtime_in_two, i_mtime_nsec)) {
        const auto two = pointer_from<inode___mtime_in_two>(at);
        return nanoseconds_of(two->i_mtime_sec, two->i_mtime_nsec);
    }
    if (exists(inode___hidden_mtime, __i_mtime)) {
        const auto hidden = pointer_from<inode___hidden_mtime>(at);
        return nanoseconds_of(hidden->__i_mtime.tv_sec, hidden->__i_mtime.tv_nsec);
    }
    if (!exists(inode___before_mtime_was_hidden, i_mtime)) return 0;
    const auto before = pointer_from<inode___before_mtime_was_hidden>(at);
    return nanoseconds_of(before->i_mtime.tv_sec, before->i_mtime.tv_nsec);
}

inline constexpr u64 USER_CODE_SEGMENT = 0x33;     // __USER_CS
inline constexpr u64 USER_CODE_SEGMENT_32 = 0x23;  // __USER32_CS
inline constexpr u64 USER_DATA_SEGMENT = 0x2b;     // __USER_DS
inline constexpr u64 REGISTER_WORDS = 21;          // of struct pt_regs
inline constexpr u64 REGISTER_CS = 17;
inline constexpr u64 REGISTER_SS = 20;
// What may lie above them: TOP_OF_KERNEL_STACK_PADDING, where the kernel can use FRED (since 6.9).
inline constexpr u64 STACK_PADDING = 16;

// Where a thread's registers lie since it last came from user code: at the top of its kernel stack
// (task_pt_regs()). The selectors tell which of the two places it is. 0: neither.
inline u64 user_registers_of(kp<task_struct> task) {
    const u64 bytes = stack_bytes();
    if (bytes == 0) return 0;
    const u64 top = address_of(image_of(task)->stack) + bytes;
    for (u32 i = 0; i < 2; ++i) {
        const u64 at = top - i * STACK_PADDING - REGISTER_WORDS * 8;
        const u64 code = stack_word(at + REGISTER_CS * 8) & SEGMENT_BITS;
        const u64 data = stack_word(at + REGISTER_SS * 8) & SEGMENT_BITS;
        if ((code == USER_CODE_SEGMENT || code == USER_CODE_SEGMENT_32) &&
            data == USER_DATA_SEGMENT)
            return at;
    }
    return 0;
}

#endif
