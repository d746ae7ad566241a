// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Each CPU's own cycle counter as a source of NMIs: the best one, as it needs nobody else.
 *
 * On a hybrid processor each CPU's event is made for that CPU, and perf_init_event() gives it to
 * the PMU of the CPU's kind: those of the other kinds refuse a CPU that is none of theirs (-ENOENT)
 * and the next is asked. `counters` in sysfs says which PMU it was.
 *
 * An event that was made need not be one that comes. Pinned events beyond the counters that there
 * are never count, and only their state tells; a hypervisor may have a counter without its
 * interrupt; on arm64 an interrupt controller may deliver it as no NMI. So each CPU tries its own,
 * as it starts: with interrupts off it waits for the NMI. Where that does not come there is no
 * perf.
 *
 * The rate is what the engine asks for at the moment, as for the tick: the handler sets the period
 * of the event, as perf_adjust_period() does in the same place, and the PMU's driver loads it at
 * the next overflow. So a new rate holds after at most two of the old periods, also on a CPU that
 * spins with interrupts off, where perf_event_period() could not reach it.
 *
 * perf silences an event that comes too often until the next tick, which never comes where
 * interrupts are off; as the kernel's own watchdog_overflow_callback() does, the count of overflows
 * is kept at zero. One that is silenced all the same (the administrator allows hardly any samples:
 * kernel.perf_event_max_sample_rate) is left to the tick, which would otherwise not wake it again.
 */
#include <linux/err.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>
#include <linux/timekeeping.h>

#include "arch.h"
#include "hook.h"

#define SILENCED       (~0ULL) /* MAX_INTERRUPTS of kernel/events/core.c */
#define TRIAL_US       100U
#define TRIALS	       3
#define TRIAL_LASTS_NS (30 * NSEC_PER_MSEC)

static DEFINE_PER_CPU(struct perf_event *, counter);
static DEFINE_PER_CPU(int, failure) = -ENODEV;
static DEFINE_PER_CPU(bool, is_proved);
static DEFINE_PER_CPU(u64, cycles_per_us); /* asking for it may lock: once, and not in an NMI */

static void on_overflow(struct perf_event *event, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	if (event->hw.interrupts != SILENCED)
		event->hw.interrupts = 0;
	if (in_nmi() && regs && !arch_irqs_were_on(regs))
		this_cpu_write(is_proved, true);
	if (this_cpu_read(is_proved))
		event->hw.sample_period = this_cpu_read(cycles_per_us) * hook_period_us();
	hook_look(regs, in_nmi() ? DEFIB_HOOK_SOURCE_PERF : DEFIB_HOOK_SOURCE_TICK);
}

/* Whether the counter of this CPU comes when interrupts are off. */
static bool was_proved(void)
{
	unsigned long flags;
	u64 since_ns;
	int i;

	for (i = 0; i < TRIALS; i++) {
		local_irq_save(flags);
		since_ns = ktime_get_mono_fast_ns();
		while (!this_cpu_read(is_proved) &&
		       ktime_get_mono_fast_ns() - since_ns < TRIAL_LASTS_NS)
			cpu_relax();
		local_irq_restore(flags);
		if (this_cpu_read(is_proved))
			return true;
	}
	return false;
}

static int start(unsigned int cpu)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attributes),
		.pinned = 1,
	};
	struct perf_event *event;
	int error;

	if (!arch_perf_is_nmi())
		return -EOPNOTSUPP;
	per_cpu(is_proved, cpu) = false;
	per_cpu(cycles_per_us, cpu) = div_u64(arch_cycles_per_second(cpu), USEC_PER_SEC);
	attributes.sample_period = per_cpu(cycles_per_us, cpu) * TRIAL_US;
	event = perf_event_create_kernel_counter(&attributes, cpu, NULL, on_overflow, NULL);
	if (IS_ERR(event))
		return PTR_ERR(event);
	error = READ_ONCE(event->state) < PERF_EVENT_STATE_INACTIVE ? -ENOSPC : 0;
	if (!error && !was_proved())
		error = -EIO;
	if (error)
		perf_event_release_kernel(event);
	else
		WRITE_ONCE(per_cpu(counter, cpu), event);
	return error;
}

/* On the CPU itself. */
void hook_perf_start(unsigned int cpu)
{
	WRITE_ONCE(per_cpu(failure, cpu), start(cpu));
}

void hook_perf_stop(unsigned int cpu)
{
	struct perf_event *event = per_cpu(counter, cpu);

	WRITE_ONCE(per_cpu(failure, cpu), -ENODEV);
	WRITE_ONCE(per_cpu(counter, cpu), NULL);
	if (event)
		perf_event_release_kernel(event); /* its memory goes after a grace period */
}

static int state_of(const struct perf_event *event)
{
	int state = READ_ONCE(event->state);

	if (state == PERF_EVENT_STATE_ERROR)
		return -ENOSPC;
	if (state < PERF_EVENT_STATE_INACTIVE)
		return -ENODEV;
	return READ_ONCE(event->hw.interrupts) == SILENCED ? -EBUSY : 0;
}

/* `pmu` gets its PMU's name: those of the CPUs are built into the kernel, and stay. */
int hook_perf_state(unsigned int cpu, const char **pmu)
{
	const struct perf_event *event;
	int state;

	rcu_read_lock();
	event = READ_ONCE(per_cpu(counter, cpu));
	state = event ? state_of(event) : READ_ONCE(per_cpu(failure, cpu));
	if (pmu)
		*pmu = event ? event->pmu->name : NULL;
	rcu_read_unlock();
	return state;
}
