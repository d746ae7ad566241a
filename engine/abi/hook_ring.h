/* SPDX-FileCopyrightText: The defib authors */
/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
//
// The request ring: how an engine outside of the kernel asks the module inside of it for what only
// a CPU can do. (Dual licence: this one header is compiled into the kernel module too.)
//
// The ring is a stretch of kernel memory, physically contiguous, that begins a page:
//
//   header   who and where it is; written by the hook
//   engine   what the engine says about itself; written by the engine
//   beats    one for each CPU, written by that CPU alone
//   requests DEFIB_HOOK_SLOTS, written by the engine
//   answers  DEFIB_HOOK_SLOTS, written by whichever CPU took the request
//
// It is found by its magic at the start of a page, and believed by its description: the sum holds,
// and `physical` is where it was found. It works without atomic operations across the bus, as those
// are not to be had there: every word has one writer. A slot holds one request at a time. The
// engine fills it, the sum, and last, as a release store, `sequence`, another number than before
// and not 0. The hook answers, and last, as a release store, `answer.sequence`, the same number. A
// request that no CPU has taken may be replaced by another; the answer says which one was taken.
//
// Before it writes the first word, an engine stores `load` in `attached`, and 0 once it writes no
// more. The hook does not give the memory back to the kernel while somebody is attached: what is
// written late must not land in another's page. (It waits a moment, then leaves the pages
// allocated.)
//
// The sum is for torn and stray writes, not for an enemy: who writes this memory, writes all
// memory. Versions: fields are added at the end of a structure, numbers never change their meaning.
#ifndef DEFIB_ENGINE_ABI_HOOK_RING_H
#define DEFIB_ENGINE_ABI_HOOK_RING_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define DEFIB_HOOK_MAGIC "defib hook ring" /* 16 bytes with its end */
#define DEFIB_HOOK_VERSION 2u              /* 2: a beat has registers */
#define DEFIB_HOOK_SLOTS 32u
#define DEFIB_HOOK_CPUS_MAX 1024u
#define DEFIB_HOOK_ARGUMENTS 4u
#define DEFIB_HOOK_REGISTERS 15u
#define DEFIB_HOOK_ANY_CPU 0xffffffffu
#define DEFIB_HOOK_ATTEMPTS_MAX 10000u
#define DEFIB_HOOK_LEASE_MAX_MS 1000u
#define DEFIB_HOOK_CRASH_WORD 0x6873617263206f64ull /* "do crash" */

enum DefibHookState {
    DEFIB_HOOK_STATE_NONE = 0,
    DEFIB_HOOK_STATE_SERVING = 1,
    DEFIB_HOOK_STATE_LEAVING = 2, /* the module is being unloaded: detach */
    DEFIB_HOOK_STATE_PANIC = 3,   /* the kernel panicked: nothing is served any more */
};

/* Where a beat or an answer came from. */
#define DEFIB_HOOK_SOURCE_TICK 0x01u /* a timer interrupt: not where interrupts are off */
#define DEFIB_HOOK_SOURCE_RING 0x02u /* an NMI from another CPU */
#define DEFIB_HOOK_SOURCE_HPET 0x04u
#define DEFIB_HOOK_SOURCE_PERF 0x08u
#define DEFIB_HOOK_SOURCE_OTHER 0x10u /* an NMI that is not the hook's; used, never claimed */
/* Of what it interrupted. */
#define DEFIB_HOOK_IRQS_OFF 0x100u
#define DEFIB_HOOK_USER 0x200u

struct DefibHookHeader {
    char magic[16]; /* stored last at the start, cleared first at the end */
    uint32_t version;
    uint32_t bytes;    /* of the whole ring */
    uint64_t physical; /* of this header */
    uint64_t load;     /* another number each time the module is loaded, never 0 */
    uint32_t cpus;
    uint32_t slots;
    uint32_t engine_at; /* all offsets count from the header */
    uint32_t beats_at;
    uint32_t requests_at;
    uint32_t answers_at;
    uint64_t sum; /* defib_hook_description_sum() */
    /* These change. */
    uint32_t state;   /* enum DefibHookState */
    uint32_t sources; /* DEFIB_HOOK_SOURCE_* that run */
};

struct DefibHookEngine {
    uint64_t attached;  /* the header's `load` while somebody may write */
    uint32_t period_us; /* how often a CPU shall look; 0: as the module's `hz`; 1 ms to 100 ms */
    uint32_t reserved[13];
};

/* What a CPU last saw of itself. Consistent where `begun` and `ended` are the same number. */
struct DefibHookBeat {
    uint32_t begun;
    uint32_t ended;
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint64_t ip;      /* of what was interrupted */
    uint64_t sp;
    uint64_t task; /* current */
    uint32_t pid;
    uint32_t flags;
    /* Counters since the load. */
    uint64_t beats;
    uint64_t beats_irqs_off;
    uint64_t nmis; /* the hook's own */
    uint64_t served;
    uint64_t refused;   /* well-formed, and not allowed or not possible */
    uint64_t malformed; /* no request at all */
    uint64_t spent_ns;  /* in the handler, all together, its beat included */
    uint64_t longest_ns;
    /* Of what was interrupted in the kernel: the first ones of its struct pt_regs (x86-64: r15 to
     * di; arm64: x0 to x14). What a CPU waits for stands in one of them. Of user code all are 0. */
    uint64_t registers[DEFIB_HOOK_REGISTERS];
    uint64_t reserved[3];
};

struct DefibHookRequest {
    uint32_t sequence; /* stored last; 0: never used */
    uint32_t kind;     /* enum DefibHookKind */
    uint32_t cpu;      /* which CPU shall do it, or DEFIB_HOOK_ANY_CPU */
    uint32_t attempts; /* how many looks it may take, 1 to DEFIB_HOOK_ATTEMPTS_MAX */
    uint64_t arguments[DEFIB_HOOK_ARGUMENTS]; /* those that a kind does not use are 0 */
    uint64_t sum;                             /* defib_hook_request_sum() */
    uint64_t reserved;
};

struct DefibHookAnswer {
    uint32_t sequence; /* stored last: of the request that this answers */
    uint32_t status;   /* enum DefibHookStatus */
    uint64_t value[2];
    uint64_t time_ns;
    uint32_t cpu;
    uint32_t flags; /* DEFIB_HOOK_SOURCE_*, DEFIB_HOOK_IRQS_OFF */
    uint64_t reserved[3];
};

/*
 * X(NAME, number, where, arguments used, "what it does")
 * where: HERE in the NMI; IRQ by irq_work, on a CPU with interrupts on; WORK in a workqueue
 *
 * NOTHING                                  value: 0
 * READ             address, size           value: the word
 * COMPARE_AND_SET  address, size, old, new CHANGED with the word found, where it was not `old`
 * TRYLOCK          address, lease in ms    takes a raw spinlock; the hook gives it back by itself
 *                                          when the lease ends
 * UNLOCK           address                 gives back what TRYLOCK took
 * RELEASE          address, word, mask     a leaked raw spinlock, if (lock word & mask) == word
 * POKE             cpu                     an NMI to that CPU
 * WAKE             task, pid, start time   wake_up_process(); value: whether it slept
 * SIGNAL           task, pid, start time, signal
 * RESCHEDULE       (its `cpu` says which)  what runs there is preempted
 * AFFINITY         task, pid, start time, mask of the CPUs 0 to 63
 * SYNC, DROP_CACHES, THAW                  sync(2); echo 3 > drop_caches; emergency thaw
 * BORROW                                   a zeroed page; value: physical, virtual address
 * RETURN           physical address
 * CRASH            DEFIB_HOOK_CRASH_WORD   panic, and so kdump where it is set up
 * NO_SNOOP_OFF     domain<<16|bus<<8|devfn clears PCIe NoSnoop; value: was it set
 */
/* clang-format off */
#define DEFIB_HOOK_KIND_LIST(X)                                                                    \
    X(NOTHING,          1, HERE, 0, "answer")                                                      \
    X(READ,             2, HERE, 2, "read a word")                                                 \
    X(COMPARE_AND_SET,  3, HERE, 4, "compare and set a word")                                      \
    X(TRYLOCK,          4, HERE, 2, "try to take a raw spinlock")                                  \
    X(UNLOCK,           5, HERE, 1, "give back a lock that the hook took")                         \
    X(RELEASE,          6, HERE, 3, "release a leaked raw spinlock")                               \
    X(POKE,             7, HERE, 1, "send another CPU an NMI")                                     \
    X(WAKE,             8, IRQ,  3, "wake a task")                                                 \
    X(SIGNAL,           9, IRQ,  4, "send a signal")                                               \
    X(RESCHEDULE,      10, IRQ,  0, "preempt what runs")                                           \
    X(AFFINITY,        11, WORK, 4, "set a task's CPUs")                                           \
    X(SYNC,            12, WORK, 0, "write back all file systems")                                 \
    X(DROP_CACHES,     13, WORK, 0, "drop clean caches")                                           \
    X(THAW,            14, WORK, 0, "thaw frozen file systems")                                    \
    X(BORROW,          15, HERE, 0, "lend a page")                                                 \
    X(RETURN,          16, HERE, 1, "take a lent page back")                                       \
    X(CRASH,           17, HERE, 1, "panic")                                                       \
    X(NO_SNOOP_OFF,    18, WORK, 1, "clear PCIe NoSnoop")

/* X(NAME, number, "what happened") */
#define DEFIB_HOOK_STATUS_LIST(X)                                                                  \
    X(NONE,          0, "no answer yet")                                                           \
    X(DONE,          1, "done")                                                                    \
    X(BAD_SUM,       2, "malformed: the sum does not hold")                                        \
    X(BAD_KIND,      3, "malformed: no such request")                                              \
    X(BAD_ARGUMENT,  4, "malformed: an argument makes no sense")                                   \
    X(FORBIDDEN,     5, "refused: not on the allow-list")                                          \
    X(CHANGED,       6, "refused: the word is not what was expected")                              \
    X(BUSY,          7, "refused: every attempt found it taken")                                   \
    X(NO_TASK,       8, "refused: no such task")                                                   \
    X(NO_CPU,        9, "refused: no CPU that could")                                              \
    X(NOT_HELD,     10, "refused: the hook does not hold it")                                      \
    X(FULL,         11, "refused: no room for another")                                            \
    X(FAILED,       12, "refused by the kernel, with an errno as value")                           \
    X(UNSUPPORTED,  13, "refused: this kernel or device has no way to do it")
/* clang-format on */

#define DEFIB_HOOK_ENUM_KIND(name, number, where, arguments, text) DEFIB_HOOK_##name = (number),
enum DefibHookKind { DEFIB_HOOK_KIND_LIST(DEFIB_HOOK_ENUM_KIND) };
#undef DEFIB_HOOK_ENUM_KIND

#define DEFIB_HOOK_ENUM_STATUS(name, number, text) DEFIB_HOOK_STATUS_##name = (number),
enum DefibHookStatus { DEFIB_HOOK_STATUS_LIST(DEFIB_HOOK_ENUM_STATUS) };
#undef DEFIB_HOOK_ENUM_STATUS

#ifndef DEFIB_HOOK_WITHOUT_SUMS /* who only names requests: routines, which have no such calls */

/* Each step is a bijection of the sum so far, so one wrong word is always seen. */
static inline uint64_t defib_hook_sum_word(uint64_t sum, uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
    return sum ^ (sum >> 32);
}

static inline uint64_t defib_hook_description_sum(const struct DefibHookHeader* header) {
    uint64_t sum = defib_hook_sum_word(header->version, header->bytes);
    sum = defib_hook_sum_word(sum, header->physical);
    sum = defib_hook_sum_word(sum, header->load);
    sum = defib_hook_sum_word(sum, header->cpus);
    sum = defib_hook_sum_word(sum, header->slots);
    sum = defib_hook_sum_word(sum, header->engine_at);
    sum = defib_hook_sum_word(sum, header->beats_at);
    sum = defib_hook_sum_word(sum, header->requests_at);
    return defib_hook_sum_word(sum, header->answers_at);
}

/* With the load and the slot in it, so that what was meant for an earlier ring or another slot is
 * not taken. */
static inline uint64_t defib_hook_request_sum(const struct DefibHookRequest* request, uint64_t load,
                                              uint32_t slot) {
    uint64_t sum = defib_hook_sum_word(load, slot);
    uint32_t i;

    sum = defib_hook_sum_word(sum, request->sequence);
    sum = defib_hook_sum_word(sum, request->kind);
    sum = defib_hook_sum_word(sum, request->cpu);
    sum = defib_hook_sum_word(sum, request->attempts);
    for (i = 0; i < DEFIB_HOOK_ARGUMENTS; i++)
        sum = defib_hook_sum_word(sum, request->arguments[i]);
    return sum;
}

#endif /* DEFIB_HOOK_WITHOUT_SUMS */

/* --- /dev/defib: the memory window of the machine itself (kernel-hooks/window.c)
 *
 * mmap() at the physical address of RAM; then SEAL. Numbers as _IO('d', n) makes them. */
#define DEFIB_WINDOW_SEAL 0x6401u /* nothing in this process can reach the memory any more */

#endif
