// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Healthy but heavy: sections of 100 ms with interrupts or preemption off, again and again on one
 * CPU after the other. Long, legal, and never a fault. The number is how many sections (50).
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "fault.h"

#define SECTION_MS 100

static void visit_next_cpu(void)
{
	int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	msleep(SECTION_MS);
}

static int take_irqoff_sections(void *argument)
{
	unsigned long left;

	for (left = (unsigned long)argument; left; left--) {
		local_irq_disable();
		mdelay(SECTION_MS);
		local_irq_enable();
		visit_next_cpu();
	}
	tell("irqoff sections are over");
	return 0;
}

static int irqoff(unsigned int count)
{
	return on_thread(ANY_CPU, "irqoff", take_irqoff_sections, (void *)(count ? count : 50UL));
}
DEFIB_FAULT(irqoff, irqoff, "sections (50) of 100 ms with interrupts off; healthy");

static int take_preemptoff_sections(void *argument)
{
	unsigned long left;

	for (left = (unsigned long)argument; left; left--) {
		preempt_disable();
		mdelay(SECTION_MS);
		preempt_enable();
		visit_next_cpu();
	}
	tell("preemptoff sections are over");
	return 0;
}

static int preemptoff(unsigned int count)
{
	return on_thread(ANY_CPU, "preemptoff", take_preemptoff_sections,
			 (void *)(count ? count : 50UL));
}
DEFIB_FAULT(preemptoff, preemptoff, "sections (50) of 100 ms with preemption off; healthy");
