// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/* Threads to break things from, and the module itself. */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fault.h"

struct crew {
	void (*body)(unsigned int rank);
	unsigned int size;
	atomic_t arrived;
	atomic_t next_rank;
};

static int crew_member(void *argument)
{
	struct crew *crew = argument;
	unsigned int rank = atomic_fetch_inc(&crew->next_rank);

	msleep(DELAY_MS);
	atomic_inc(&crew->arrived);
	while (atomic_read(&crew->arrived) < crew->size) {
		cpu_relax();
		cond_resched();
	}
	crew->body(rank);
	return 0;
}

int on_cpus(unsigned int count, const char *name, void (*body)(unsigned int rank))
{
	/* Never freed: its members may never return. */
	struct crew *crew = kzalloc(sizeof(*crew), GFP_KERNEL);
	struct task_struct *thread;
	unsigned int skip;
	int cpu;

	if (!crew)
		return -ENOMEM;
	crew->body = body;
	crew->size = count && count < num_online_cpus() ? count : num_online_cpus();
	skip = num_online_cpus() - crew->size;
	for_each_online_cpu (cpu) {
		if (skip) {
			skip--;
			continue;
		}
		thread = kthread_create(crew_member, crew, "%s/%d", name, cpu);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		kthread_bind(thread, cpu);
		wake_up_process(thread);
	}
	return 0;
}

struct loner {
	int (*body)(void *);
	void *argument;
};

static int loner_start(void *argument)
{
	struct loner loner = *(struct loner *)argument;

	kfree(argument);
	msleep(DELAY_MS);
	return loner.body(loner.argument);
}

int on_thread(int cpu, const char *name, int (*body)(void *), void *argument)
{
	struct loner *loner = kmalloc(sizeof(*loner), GFP_KERNEL);
	struct task_struct *thread;

	if (!loner)
		return -ENOMEM;
	loner->body = body;
	loner->argument = argument;
	thread = kthread_create(loner_start, loner, "%s", name);
	if (IS_ERR(thread)) {
		kfree(loner);
		return PTR_ERR(thread);
	}
	if (cpu != ANY_CPU)
		kthread_bind(thread, cpu);
	wake_up_process(thread);
	return 0;
}

/* No module_exit: threads of a fault may run in here for ever, so the module must stay. */
MODULE_DESCRIPTION("Breaks a kernel on purpose, in stated ways, for a test");
MODULE_LICENSE("GPL");
