// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the views of one process report: all that a core of it needs, but for its memory.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_IMAGE_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_IMAGE_RECORDS_H

#include <stdint.h>

#define DEFIB_RECORD_IMAGE 304u
#define DEFIB_RECORD_IMAGE_THREAD 305u
#define DEFIB_RECORD_IMAGE_AREA 306u
#define DEFIB_RECORD_IMAGE_FILE 307u
#define DEFIB_RECORD_IMAGE_SIGNAL 308u
#define DEFIB_RECORD_IMAGE_GROUPS 309u

// A place in a file system: of a struct path.
struct DefibPlace {
    uint64_t mount;  // address of the struct mount; 0: none
    uint64_t dentry;
};

#define DEFIB_IMAGE_AUXV 64u
#define DEFIB_IMAGE_LIMITS 16u  // RLIM_NLIMITS

struct DefibImageRecord {
    uint64_t task;        // of a thread that still has memory: address
    uint64_t page_table;  // address of its top table
    uint64_t start_code;
    uint64_t end_code;
    uint64_t start_data;
    uint64_t end_data;
    uint64_t start_brk;
    uint64_t brk;
    uint64_t start_stack;
    uint64_t arg_start;
    uint64_t arg_end;
    uint64_t env_start;
    uint64_t env_end;
    uint64_t areas;    // as the kernel counts them
    uint64_t pending;  // signals of the whole process
    uint64_t auxv[DEFIB_IMAGE_AUXV];
    uint64_t limits[DEFIB_IMAGE_LIMITS];  // soft
    uint64_t hard_limits[DEFIB_IMAGE_LIMITS];
    struct DefibPlace program;
    struct DefibPlace root;
    struct DefibPlace folder;
    uint64_t capabilities[5];  // inheritable, permitted, effective, bounding, ambient
    uint32_t uid[4];           // real, effective, saved, of files
    uint32_t gid[4];
    uint32_t securebits;
    uint32_t umask;
    int32_t pid;
    int32_t parent;
    int32_t group;
    int32_t session;
    uint32_t descriptors;  // room for so many open files
    uint32_t has_panicked;
    uint64_t timer_interval_ns;  // of ITIMER_REAL
    uint32_t timers;             // DEFIB_TIMER_*
    uint32_t has_name_spaces;    // others than the machine's first process
};

// What of a process' timers runs.
#define DEFIB_TIMER_REAL 1u   // alarm(), setitimer()
#define DEFIB_TIMER_CPU 2u    // ITIMER_VIRTUAL, ITIMER_PROF
#define DEFIB_TIMER_POSIX 4u  // timer_create(): there is one, whether it runs or not

// As many words as there are in struct pt_regs.
#define DEFIB_IMAGE_REGISTERS 21u

#define DEFIB_THREAD_RUNS 1u       // on a CPU: what of it is in memory may be old
#define DEFIB_THREAD_HAS_ENDED 2u  // do_exit()
#define DEFIB_THREAD_IS_FROZEN 4u
#define DEFIB_THREAD_HAS_FPU 8u       // what the floating point unit held is in memory
#define DEFIB_THREAD_WAS_STOPPED 16u  // its CPU was, by a panic: its registers are of then

struct DefibImageThreadRecord {
    uint64_t task;
    uint64_t registers[DEFIB_IMAGE_REGISTERS];  // r15 to ss, as in struct pt_regs
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t blocked;  // sigsuspend() and its like put the mask from before back: that one
    uint64_t pending;
    uint64_t signal_stack;
    uint64_t signal_stack_size;
    uint64_t fpu;  // address of what XSAVE wrote
    uint64_t fpu_size;
    uint64_t fpu_features;
    uint64_t utime_ns;
    uint64_t stime_ns;
    uint64_t robust_list;
    uint64_t clear_tid;  // set to 0 when it ends
    uint64_t rseq;
    uint32_t rseq_size;
    uint32_t rseq_signature;
    uint32_t signal_stack_flags;
    uint32_t policy;
    int32_t nice;
    uint32_t realtime_priority;
    uint32_t filter;  // SECCOMP_MODE_*
    uint32_t has_no_new_rights;
    int32_t pid;
    uint32_t state;
    uint32_t task_flags;
    uint32_t cpu;
    uint32_t flags;          // DEFIB_THREAD_*
    uint32_t has_registers;  // 0: where they would be is something else
    uint16_t ds;
    uint16_t es;
    uint16_t fs;
    uint16_t gs;
    char comm[16];
};

struct DefibImageFileRecord {
    struct DefibPlace place;
    uint64_t file;  // address of the struct file: descriptors that share it share the offset
    uint64_t inode;
    uint64_t number;
    int64_t offset;
    int64_t size;
    uint64_t written_ns;  // when it was last
    uint32_t descriptor;
    uint32_t flags;   // as open(2) takes them
    uint32_t kind;    // i_mode
    uint32_t device;  // of a device's file: which
    uint32_t closes_on_exec;
    uint32_t links;
    char type[16];  // of its file system
};

#define DEFIB_AREAS_AT_ONCE 12000u
#define DEFIB_FILES_OF_PROCESS_AT_ONCE 16000u

struct DefibImageAreaRecord {
    uint64_t first;
    uint64_t end;
    uint64_t flags;       // VM_*
    uint64_t page_index;  // vm_pgoff
    uint64_t file;        // address of the struct file; 0: none
    struct DefibPlace place;
    uint64_t inode;
    uint64_t number;
    int64_t size;
    uint64_t written_ns;
    uint32_t kind;
    uint32_t links;
};

struct DefibImageSignalRecord {
    uint64_t handler;  // SIG_DFL, SIG_IGN or an address
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
    uint32_t number;
    uint32_t reserved;
};

#define DEFIB_GROUPS_AT_ONCE 256u
struct DefibImageGroupsRecord {
    uint32_t first;
    uint32_t count;  // in this record
    uint32_t all;
    uint32_t reserved;
    uint32_t gid[DEFIB_GROUPS_AT_ONCE];
};

#endif
