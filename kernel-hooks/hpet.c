// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * The HPET as a source of NMIs: a timer of it that the kernel leaves alone, periodic, whose message
 * is not an interrupt's vector but "NMI" (delivery mode 4), to all CPUs. It needs no CPU to go on,
 * so it reaches a machine in which every CPU spins with interrupts off.
 *
 * Not where interrupts are remapped: the message is then no valid one, and blocked.
 *
 * All CPUs: also one that is just coming up, and has no table yet to find a handler in. So the
 * timer rests meanwhile.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <asm/hpet.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/percpu.h>

#include "hook.h"

#define FIRST_TIMER	 2 /* 0 and 1 are the kernel's: PIT and RTC emulation */
#define MESSAGE_NMI	 0x400
#define ADDRESS_ALL_CPUS 0xfeeff000
#define PERIOD_MAX_FS	 100000000 /* the specification's, for one tick of the counter */
#define FIRST_AFTER_MS	 50
#define STARTS		 4
#define SURPLUS_MAX	 2 /* of one start: it takes two stores to set a period */
#define SURPLUS_FOR_MS	 1000

static unsigned long hpet_base = 0xfed00000;
module_param(hpet_base, ulong, 0444);
MODULE_PARM_DESC(hpet_base, "where the HPET is, as its ACPI table says");

static void __iomem *registers;
static unsigned int timer;
static u32 period;		     /* in ticks of the counter; 0: does not run */
static DEFINE_PER_CPU(u32, claimed); /* the counter at the last expiry that this CPU has claimed */
static DEFINE_PER_CPU(atomic_t, surplus); /* NMIs that came, or come, from a start that failed */
static u32 started;
static u32 ticks_per_ms;
static u32 surplus_since;
static bool is_resting; /* a CPU is coming up; hotplug is one at a time */

static int find_timer(void)
{
	u32 count = (readl(registers + HPET_ID) & HPET_ID_NUMBER) >> HPET_ID_NUMBER_SHIFT;

	for (timer = FIRST_TIMER; timer <= count; timer++) {
		u32 config = readl(registers + HPET_Tn_CFG(timer));

		if (config & HPET_TN_FSB_CAP && config & HPET_TN_PERIODIC_CAP &&
		    !(config & HPET_TN_ENABLE))
			return 0;
	}
	return -ENODEV;
}

/* Whether the first expiry is still to come: else it was set into the past, and expired at once. */
static bool is_set_to(u32 first)
{
	u32 config = readl(registers + HPET_Tn_CFG(timer));

	/* What it was last set to is over: it would expire as soon as it is enabled. */
	writel(first, registers + HPET_Tn_CMP(timer));
	config &= ~(HPET_TN_LEVEL | HPET_TN_ROUTE);
	writel(MESSAGE_NMI, registers + HPET_Tn_ROUTE(timer));
	writel(ADDRESS_ALL_CPUS, registers + HPET_Tn_ROUTE(timer) + 4);
	config |= HPET_TN_FSB | HPET_TN_ENABLE | HPET_TN_PERIODIC | HPET_TN_SETVAL | HPET_TN_32BIT;
	writel(config, registers + HPET_Tn_CFG(timer));
	writel(first, registers + HPET_Tn_CMP(timer));
	udelay(1); /* as hpet_set_periodic() does: the second value is the period */
	writel(period, registers + HPET_Tn_CMP(timer));
	return (s32)(first - readl(registers + HPET_COUNTER)) > 0;
}

static void allow_surplus(void)
{
	unsigned int cpu;

	WRITE_ONCE(surplus_since, readl(registers + HPET_COUNTER));
	for_each_possible_cpu(cpu)
		atomic_set(per_cpu_ptr(&surplus, cpu), SURPLUS_MAX);
}

/*
 * It expires at `started` and each period after it, the first time some while from now: a virtual
 * CPU that its host stops between two of the stores would be late for an expiry that is near, and
 * the timer then sends NMIs that no period accounts for. Where that was still not enough these are
 * allowed for, and it is started again, from further off.
 */
static void run_timer(void)
{
	u32 ahead = max(2 * period, FIRST_AFTER_MS * ticks_per_ms);
	int i;

	for (i = 0; i < STARTS; i++, ahead *= 2) {
		u32 now = readl(registers + HPET_COUNTER);

		if (is_set_to(now + ahead - (now - started) % period))
			return;
		allow_surplus();
		if (i + 1 < STARTS)
			hook_hpet_stop();
	}
}

int hook_hpet_start(void)
{
	u32 tick_fs;
	int error;

	registers = ioremap(hpet_base, HPET_MMAP_SIZE);
	if (!registers)
		return -ENOMEM;
	tick_fs = readl(registers + HPET_PERIOD);
	if (!tick_fs || tick_fs > PERIOD_MAX_FS || !(readl(registers + HPET_CFG) & HPET_CFG_ENABLE))
		error = -ENODEV;
	else
		error = find_timer();
	if (error) {
		iounmap(registers);
		registers = NULL;
		return error;
	}
	started = readl(registers + HPET_COUNTER);
	ticks_per_ms = (u32)div64_u64(1000000000000ULL, tick_fs);
	/* Before the first NMI, so that it is claimed. */
	WRITE_ONCE(period, (u32)div64_u64(1000000000000000ULL / hook_hz, tick_fs));
	/* Not into the middle of a CPU's start. */
	cpus_read_lock();
	run_timer();
	cpus_read_unlock();
	return 0;
}

void hook_hpet_stop(void)
{
	if (!registers)
		return;
	writel(readl(registers + HPET_Tn_CFG(timer)) &
		       ~(HPET_TN_ENABLE | HPET_TN_PERIODIC | HPET_TN_FSB),
	       registers + HPET_Tn_CFG(timer));
}

void hook_hpet_rest(void)
{
	if (!period)
		return;
	is_resting = true;
	hook_locks_close();
	hook_hpet_stop();
	usleep_range(1000, 2000); /* what it has sent has come */
}

void hook_hpet_go_on(void)
{
	if (!is_resting)
		return;
	is_resting = false;
	run_timer();
	hook_locks_open();
}

void hook_hpet_unmap(void)
{
	if (!registers)
		return;
	WRITE_ONCE(period, 0);
	iounmap(registers);
	registers = NULL;
}

/*
 * The last expiry before now. Only of a CPU that comes up while the timer rests: where it runs, an
 * NMI of that expiry may be on its way, and nobody would claim it.
 */
void hook_hpet_cpu_starts(unsigned int cpu)
{
	u32 now;

	if (!is_resting)
		return;
	now = readl(registers + HPET_COUNTER);
	per_cpu(claimed, cpu) = now - (now - started) % period;
}

static bool is_surplus(u32 now)
{
	if (!atomic_read(this_cpu_ptr(&surplus)))
		return false;
	if (now - READ_ONCE(surplus_since) > SURPLUS_FOR_MS * ticks_per_ms) {
		atomic_set(this_cpu_ptr(&surplus), 0);
		return false;
	}
	return atomic_dec_if_positive(this_cpu_ptr(&surplus)) >= 0;
}

/*
 * One claim for each expiry. One that this CPU has not yet claimed may be left over, no more: an
 * NMI that comes while its predecessor is served comes right after it.
 */
bool hook_hpet_claims(void)
{
	u32 last = this_cpu_read(claimed);
	u32 now, since;

	if (!READ_ONCE(period))
		return false;
	now = readl(registers + HPET_COUNTER);
	since = now - last;
	if (since < period)
		return is_surplus(now);
	if (since < 3 * period)
		last += period;
	else
		last = now - since % period - period;
	this_cpu_write(claimed, last);
	return true;
}
