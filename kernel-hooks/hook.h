/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: The defib authors */
/*
 * What the files of the module know of each other. README.md says which file does what.
 *
 * "NMI-safe" means: takes no lock that ordinary code takes, does not sleep, does not wait.
 */
#ifndef DEFIB_HOOK_H
#define DEFIB_HOOK_H

#include <linux/errno.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "hook_ring.h"

struct pt_regs;

/* --- ring.c: the memory, and nothing else */
extern struct DefibHookHeader *hook_ring; /* null before the start and after the end */
struct DefibHookEngine *hook_engine(void);
struct DefibHookBeat *hook_beat(unsigned int cpu);
struct DefibHookRequest *hook_request(unsigned int slot);
struct DefibHookAnswer *hook_answer(unsigned int slot);
int hook_ring_make(void);
void hook_ring_publish(void);
void hook_ring_withdraw(void);
phys_addr_t hook_ring_physical(void);
u64 hook_ring_load(void);

/* --- serve.c: taking requests out of the ring */
/* What a request led to. NONE: not now, look again. */
struct hook_outcome {
	u32 status;
	u64 value[2];
};

/* A slot as the module keeps it: the ring's own words are never read twice. */
struct hook_job {
	atomic_t taken; /* a CPU, or what was deferred, works on it */
	unsigned int slot;
	u32 answered; /* sequence number */
	u32 attempts; /* that the request of that sequence number has used */
	u32 attempts_of;
	u32 flags; /* of the look that took it */
	struct DefibHookRequest request;
	struct irq_work hard; /* in the interrupt itself */
	struct irq_work soft; /* on PREEMPT_RT in a thread, as it takes locks that sleep there */
	struct work_struct work;
};

/* What a request may use of the moment in which it is served. */
struct hook_look {
	struct pt_regs *regs;
	u32 flags; /* DEFIB_HOOK_SOURCE_*, DEFIB_HOOK_IRQS_OFF, DEFIB_HOOK_USER */
	u64 now_ns;
};

void hook_serve_init(void);
/* Waits for what was deferred; no look may follow. */
void hook_serve_exit(void);
/* A look: writes the CPU's beat and serves what it may. NMI-safe. */
void hook_look(struct pt_regs *regs, u32 source);
/* The module's own count: what the ring shows can be overwritten from outside. */
void hook_read_counters(unsigned int cpu, struct DefibHookBeat *into);
u64 hook_last_look_ns(unsigned int cpu);
void hook_answer_job(struct hook_job *job, const struct hook_outcome *outcome);

/* --- now.c: done in the NMI itself */
struct hook_outcome hook_do_now(const struct DefibHookRequest *request,
				const struct hook_look *look);
int hook_pages_init(void);
void hook_pages_exit(void);

/* --- later.c: done on a healthy CPU */
void hook_later_init(struct hook_job *job);
void hook_later_queue(struct hook_job *job);
void hook_later_finish(struct hook_job *job);

/* --- locks.c: raw spinlocks that the hook took for the engine */
struct hook_outcome hook_trylock(unsigned long address, u64 lease_ms, u64 now_ns);
struct hook_outcome hook_unlock(unsigned long address);
struct hook_outcome hook_release(unsigned long address, u32 word, u32 mask);
/* Gives back those whose lease has ended; with U64_MAX all. NMI-safe. */
void hook_expire_locks(u64 now_ns);
unsigned int hook_locks_held(void);
/* No lock is taken, and none is held; sleeps for a lease at most. As often opened as closed. */
void hook_locks_close(void);
void hook_locks_open(void);

/* --- memory.c: which addresses are the kernel's data */
struct hook_range {
	u64 first_pfn;
	u64 end_pfn;
};

enum hook_access { HOOK_READ, HOOK_WRITE };

int hook_memory_init(void);
/* NMI-safe. */
bool hook_is_ram(u64 first_pfn, u64 pages);
bool hook_is_kernel_data(unsigned long address, unsigned int size, enum hook_access access);

/* --- window.c: /dev/defib */
int hook_window_init(void);
void hook_window_exit(void);

/* --- sources.c: what makes the CPUs look */
extern unsigned int hook_hz;
int hook_sources_init(void);
void hook_sources_exit(void);
u32 hook_running_sources(void);
/* How often a CPU shall look now. NMI-safe. */
unsigned int hook_period_us(void);
/* Whether every CPU would look even if all had interrupts off. NMI-safe. */
bool hook_looks_are_sure(void);
/* No look after it; for a panic. NMI-safe. */
void hook_sources_mute(void);
bool hook_sources_are_mute(void);
/* An NMI to another CPU, unless one is on its way. NMI-safe. */
void hook_poke(unsigned int cpu);

/* --- hpet.c, where there is one */
#ifdef CONFIG_X86_64
int hook_hpet_start(void);
/* No more NMIs; those that were sent are still claimed. */
void hook_hpet_stop(void);
/* The same until it goes on: while a CPU comes up. */
void hook_hpet_rest(void);
void hook_hpet_go_on(void);
void hook_hpet_unmap(void);
void hook_hpet_cpu_starts(unsigned int cpu);
/* Whether this NMI is the timer's. NMI-safe. */
bool hook_hpet_claims(void);
#else
static inline int hook_hpet_start(void)
{
	return -ENODEV;
}
static inline void hook_hpet_stop(void)
{
}
static inline void hook_hpet_rest(void)
{
}
static inline void hook_hpet_go_on(void)
{
}
static inline void hook_hpet_unmap(void)
{
}
static inline void hook_hpet_cpu_starts(unsigned int cpu)
{
}
static inline bool hook_hpet_claims(void)
{
	return false;
}
#endif

/* --- perf.c */
void hook_perf_start(unsigned int cpu);
void hook_perf_stop(unsigned int cpu);
/* 0: comes; else an errno, and no counter (-ENODEV, -ENOENT), all in use (-ENOSPC), no NMI
 * (-EOPNOTSUPP), none with interrupts off (-EIO), silenced by perf until the next tick (-EBUSY).
 * `pmu` may be null. NMI-safe.
 */
int hook_perf_state(unsigned int cpu, const char **pmu);

/* --- sysfs.c */
extern const struct attribute_group *hook_sysfs_groups[];

#endif
