// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Each CPU's own cycle counter as a source of NMIs: the best one, as it needs nobody else. On a
 * hybrid processor perf finds the PMU of the CPU's kind by itself (perf_init_event tries the
 * others when the first has no such event on this CPU).
 *
 * Two traps. perf silences an event that comes too often until the next tick, which never comes
 * where interrupts are off; as the kernel's own watchdog_overflow_callback() does, the count of
 * overflows is kept at zero. And a pinned event beyond the counters that there are is made without
 * an error and never counts: only its state tells.
 */
#include <linux/err.h>
#include <linux/hardirq.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>

#include "arch.h"
#include "hook.h"

static DEFINE_PER_CPU(struct perf_event *, counter);
static DEFINE_PER_CPU(int, failure);

static void on_overflow(struct perf_event *event, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	event->hw.interrupts = 0;
	hook_look(regs, in_nmi() ? DEFIB_HOOK_SOURCE_PERF : DEFIB_HOOK_SOURCE_TICK);
}

void hook_perf_start(unsigned int cpu)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attributes),
		.pinned = 1,
		.sample_period = arch_cycles_per_second(cpu) / hook_hz,
	};
	struct perf_event *event;

	if (!arch_perf_is_nmi()) {
		per_cpu(failure, cpu) = -EOPNOTSUPP;
		return;
	}
	event = perf_event_create_kernel_counter(&attributes, cpu, NULL, on_overflow, NULL);
	per_cpu(failure, cpu) = IS_ERR(event) ? PTR_ERR(event) : 0;
	per_cpu(counter, cpu) = IS_ERR(event) ? NULL : event;
}

void hook_perf_stop(unsigned int cpu)
{
	struct perf_event *event = per_cpu(counter, cpu);

	per_cpu(counter, cpu) = NULL;
	per_cpu(failure, cpu) = -ENODEV;
	if (event)
		perf_event_release_kernel(event);
}

int hook_perf_state(unsigned int cpu)
{
	struct perf_event *event = per_cpu(counter, cpu);

	if (!event)
		return per_cpu(failure, cpu);
	return event->state == PERF_EVENT_STATE_ERROR ? -ENOSPC : 0;
}
