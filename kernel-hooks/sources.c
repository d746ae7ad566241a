// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * What makes the CPUs look, best first:
 *
 *   perf   an NMI from each CPU's own cycle counter (perf.c): reaches a CPU that spins with
 *          interrupts off, whatever the others do; not one that halts, and only with a PMU
 *   ring   an NMI from another CPU: each CPU's tick looks whether the next one's beat has stopped,
 *          and pokes it, and those after it that have stopped too. No NMI is sent between healthy
 *          CPUs. Reaches every CPU as long as one has interrupts on
 *   hpet   an NMI to all CPUs from the HPET (hpet.c), where the administrator asks for it
 *   tick   a timer interrupt on each CPU: cheap, and enough for the healthy ones
 *
 * An NMI has no sender. The kernel asks every handler whether it was its own and complains if it
 * was nobody's, so that a handler that claims what is not its own hides a machine's trouble. The
 * hook claims one NMI for each poke that it sent and one for each period of the HPET, and serves
 * whatever came. In one case it cannot know: two NMIs that become one on their way leave a claim
 * over, which the next foreign one takes. At most POKES_DUE_MAX pokes and one period are ever owed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <asm/irq_regs.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "arch.h"
#include "hook.h"

#define PERIOD_MIN_US 1000U
#define PERIOD_MAX_US 100000U
#define POKES_DUE_MAX 2
#define POKE_LOST_NS  (100 * NSEC_PER_MSEC)
#define POKE_APART_NS (100 * NSEC_PER_USEC)

unsigned int hook_hz = 100;
module_param_named(hz, hook_hz, uint, 0444);
MODULE_PARM_DESC(hz,
		 "looks of a CPU each second while the engine asks for nothing else (10 to 1000)");
static bool hpet;
module_param(hpet, bool, 0444);
MODULE_PARM_DESC(hpet, "let the HPET send NMIs: where interrupt remapping is off");

struct poked {
	atomic_t due; /* NMIs that were sent, and have not come */
	u64 at_ns;
};

static DEFINE_PER_CPU(struct poked, poked);
static DEFINE_PER_CPU(struct hrtimer, tick);
static int start_state;
static int hotplug_state;
static bool is_muted;
static bool has_handler;

unsigned int hook_period_us(void)
{
	unsigned int wanted = READ_ONCE(hook_engine()->period_us);

	/* The HPET makes every CPU look, halted or not: the tick is only there to poke for it. */
	if (!wanted)
		return hpet ? PERIOD_MAX_US : USEC_PER_SEC / hook_hz;
	return clamp(wanted, PERIOD_MIN_US, PERIOD_MAX_US);
}

/*
 * One that is on its way is enough, unless it should long have come; and of two CPUs that poke at
 * the same moment one does.
 */
void hook_poke(unsigned int cpu)
{
	struct poked *theirs = per_cpu_ptr(&poked, cpu);
	u64 now_ns = ktime_get_mono_fast_ns();
	u64 at_ns = READ_ONCE(theirs->at_ns);

	if (now_ns - at_ns < (atomic_read(&theirs->due) ? POKE_LOST_NS : POKE_APART_NS))
		return;
	if (cmpxchg(&theirs->at_ns, at_ns, now_ns) != at_ns)
		return;
	atomic_add_unless(&theirs->due, 1, POKES_DUE_MAX);
	arch_send_nmi(cpu);
}

static bool poke_claims(void)
{
	return atomic_dec_if_positive(&this_cpu_ptr(&poked)->due) >= 0;
}

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	u32 source = DEFIB_HOOK_SOURCE_OTHER;

	if (hook_hpet_claims())
		source = DEFIB_HOOK_SOURCE_HPET;
	else if (poke_claims())
		source = DEFIB_HOOK_SOURCE_RING;
	hook_look(regs, source);
	return source == DEFIB_HOOK_SOURCE_OTHER ? NMI_DONE : NMI_HANDLED;
}

/* From the next CPU on, as far as they have stopped. */
static void poke_those_that_stopped(unsigned int me, u64 now_ns)
{
	u64 patience_ns = 3ULL * hook_period_us() * NSEC_PER_USEC;
	unsigned int cpu = me;

	for (;;) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		if (cpu == me || now_ns - hook_last_look_ns(cpu) < patience_ns)
			return;
		hook_poke(cpu);
	}
}

static enum hrtimer_restart on_tick(struct hrtimer *timer)
{
	if (READ_ONCE(is_muted))
		return HRTIMER_NORESTART;
	hook_look(get_irq_regs(), DEFIB_HOOK_SOURCE_TICK);
	poke_those_that_stopped(smp_processor_id(), ktime_get_mono_fast_ns());
	hrtimer_forward_now(timer, ns_to_ktime((u64)hook_period_us() * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static int cpu_starts(unsigned int cpu)
{
	struct hrtimer *timer = per_cpu_ptr(&tick, cpu);

	hook_hpet_cpu_starts(cpu);
	hook_hpet_go_on();
	hook_perf_start(cpu);
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = on_tick;
	hrtimer_start(timer, ns_to_ktime((u64)hook_period_us() * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int cpu_stops(unsigned int cpu)
{
	hrtimer_cancel(per_cpu_ptr(&tick, cpu));
	hook_perf_stop(cpu);
	return 0;
}

/* Before a CPU is woken, on another one; and where it did not come up, or is gone. */
static int cpu_is_to_start(unsigned int cpu)
{
	/* What was sent to it before it went is lost; it is poked again before cpu_starts() runs.
	 */
	atomic_set(&per_cpu_ptr(&poked, cpu)->due, 0);
	hook_hpet_rest();
	return 0;
}

static int cpu_is_not_to_start(unsigned int cpu)
{
	hook_hpet_go_on();
	return 0;
}

void hook_sources_mute(void)
{
	WRITE_ONCE(is_muted, true);
	WRITE_ONCE(hook_ring->state, DEFIB_HOOK_STATE_PANIC);
}

bool hook_sources_are_mute(void)
{
	return READ_ONCE(is_muted);
}

u32 hook_running_sources(void)
{
	u32 sources = DEFIB_HOOK_SOURCE_TICK | (ARCH_CAN_POKE ? DEFIB_HOOK_SOURCE_RING : 0);
	unsigned int cpu;

	if (hpet)
		sources |= DEFIB_HOOK_SOURCE_HPET;
	for_each_online_cpu(cpu)
		if (!hook_perf_state(cpu, NULL))
			sources |= DEFIB_HOOK_SOURCE_PERF;
	return sources;
}

bool hook_looks_are_sure(void)
{
	unsigned int cpu;

	if (hpet)
		return true;
	for_each_online_cpu(cpu)
		if (hook_perf_state(cpu, NULL))
			return false;
	return true;
}

int hook_sources_init(void)
{
	int error;

	hook_hz = clamp(hook_hz, 10U, 1000U);
	error = arch_register_nmi(on_nmi);
	if (error)
		return error;
	has_handler = true;
	error = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "defib/hook:prepare",
					  cpu_is_to_start, cpu_is_not_to_start);
	if (error < 0)
		goto failed;
	start_state = error;
	if (hpet) {
		error = hook_hpet_start();
		if (error) {
			pr_err("no HPET timer that can send NMIs: %d\n", error);
			goto failed;
		}
	}
	error = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "defib/hook:online", cpu_starts, cpu_stops);
	if (error < 0)
		goto failed;
	hotplug_state = error;
	WRITE_ONCE(hook_ring->sources, hook_running_sources());
	return 0;
failed:
	hook_sources_exit();
	return error;
}

static void come_by(void *unused)
{
}

/*
 * After it no CPU looks any more, and none is in a look. The last NMIs still find their handler, to
 * be claimed: of all CPUs first the looks end, in which an NMI may be sent to another, and then
 * those that were sent have come.
 */
void hook_sources_exit(void)
{
	hook_locks_close();
	hook_hpet_stop();
	if (hotplug_state)
		cpuhp_remove_state(hotplug_state);
	hotplug_state = 0;
	if (start_state)
		cpuhp_remove_state_nocalls(start_state);
	start_state = 0;
	hook_hpet_stop(); /* a CPU that came up meanwhile has made it go on */
	WRITE_ONCE(is_muted, true);
	on_each_cpu(come_by, NULL, true);
	on_each_cpu(come_by, NULL, true);
	if (has_handler)
		arch_unregister_nmi();
	has_handler = false;
	hook_hpet_unmap();
}
