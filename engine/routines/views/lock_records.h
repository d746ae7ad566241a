// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the views of locks report.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_LOCK_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_LOCK_RECORDS_H

#include <stdint.h>

#define DEFIB_RECORD_WAIT 272u
#define DEFIB_RECORD_SPIN 273u
#define DEFIB_RECORD_SPIN_FRAME 274u

enum DefibLockKind {
    DEFIB_LOCK_UNKNOWN = 0,  // it waits, and nothing shows for what
    DEFIB_LOCK_MUTEX = 1,
    DEFIB_LOCK_RWSEM_READ = 2,   // waits to read
    DEFIB_LOCK_RWSEM_WRITE = 3,  // waits to write
    DEFIB_LOCK_RT_MUTEX = 4,     // with PREEMPT_RT: any sleeping lock
};

// A task that is blocked.
struct DefibWaitRecord {
    uint64_t task;
    uint64_t lock;      // address; 0: unknown
    uint64_t owner;     // its task; 0: none, or not known (readers)
    uint64_t switches;  // voluntary and not: the same twice is a task that has not run
    int32_t pid;
    int32_t tgid;
    int32_t owner_pid;  // 0 without an owner
    uint32_t state;
    uint32_t kind;  // enum DefibLockKind
    uint32_t in_iowait;
    char comm[16];
    char owner_comm[16];
    // Of a rw_semaphore that readers hold: how many, and the last one to come, if it still runs.
    uint32_t readers;
    int32_t reader_pid;
    char reader_comm[16];
};

// A CPU: what runs there, and how deep it is in the queues of spinlocks.
struct DefibSpinRecord {
    uint64_t task;
    uint32_t cpu;
    int32_t pid;
    int32_t queue_nodes;  // in use: 0 where it does not spin in a queue
    uint32_t reserved;
    char comm[16];
};

// A CPU whose last interrupt found it in the code of spinlocks, and the lock that is still held.
struct DefibSpinFrameRecord {
    uint64_t task;         // that runs there
    uint64_t lock;         // address
    uint64_t instruction;  // where it was
    uint32_t cpu;
    uint32_t lock_word;
};

#endif
