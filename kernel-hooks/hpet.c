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

static unsigned long hpet_base = 0xfed00000;
module_param(hpet_base, ulong, 0444);
MODULE_PARM_DESC(hpet_base, "where the HPET is, as its ACPI table says");

static void __iomem *registers;
static unsigned int timer;
static u32 period;		     /* in ticks of the counter; 0: does not run */
static DEFINE_PER_CPU(u32, claimed); /* the counter at the last expiry that this CPU has claimed */
static DEFINE_PER_CPU(u32, claimed_grid); /* ... and the grid that this is of */
static u32 grid;			  /* the first expiry since the timer was last started */
static u32 ticks_per_ms;
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

/*
 * It expires at `grid` and each period after it. That is some while from now: a virtual CPU that
 * its host stops between two of the stores would else be late for it, and the timer would expire at
 * once, at each store.
 */
static void run_timer(void)
{
	u32 config = readl(registers + HPET_Tn_CFG(timer));
	u32 first =
		readl(registers + HPET_COUNTER) + max(2 * period, FIRST_AFTER_MS * ticks_per_ms);

	WRITE_ONCE(grid, first);
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
 * Nothing is owed to a CPU that comes up while the timer rests. Where it runs, an NMI may be on its
 * way already.
 */
void hook_hpet_cpu_starts(unsigned int cpu)
{
	if (is_resting)
		per_cpu(claimed, cpu) = readl(registers + HPET_COUNTER);
}

/*
 * One claim for each expiry. One that this CPU has not yet claimed may be left over, no more: an
 * NMI that comes while its predecessor is served comes right after it. `claimed` is always the time
 * of an expiry, not just any that lies periods apart: of an NMI that came late and its successor
 * that was in time, both would lie between two such times.
 */
bool hook_hpet_claims(void)
{
	u32 last = this_cpu_read(claimed);
	u32 first = READ_ONCE(grid);
	u32 now, since;

	if (!READ_ONCE(period))
		return false;
	now = readl(registers + HPET_COUNTER);
	if (this_cpu_read(claimed_grid) != first && (s32)(now - first) >= 0) {
		this_cpu_write(claimed_grid, first);
		last = first - period;
	}
	since = now - last;
	if (since < period)
		return false;
	if (since < 3 * period)
		last += period;
	else
		last = now - since % period - period;
	this_cpu_write(claimed, last);
	return true;
}
