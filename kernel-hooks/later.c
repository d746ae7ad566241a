// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Requests that need the kernel's own functions, which lock: never in an NMI. A look that found
 * interrupts on queues an irq_work on its own CPU; that runs as soon as the NMI is over, in an
 * interrupt that came when interrupts were on, so that what it interrupted holds none of the locks
 * that are taken with interrupts off.
 *
 * A CPU elsewhere may hold them for ever. So the task's own locks are tried first, and a request
 * that finds one taken says BUSY instead of making one more CPU wait. The lock of the run queue
 * cannot be tried from a module; who asks for a wake-up knows whether it is stuck.
 *
 * What sleeps (changing CPUs waits for the task, file systems wait for disks) goes on to a
 * workqueue, whose threads hang with the rest of the kernel: nothing urgent is there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/suspend.h>
#include <linux/sysrq.h>

#include "hook.h"

static struct hook_outcome only(u32 status)
{
	return (struct hook_outcome){.status = status};
}

static struct hook_outcome with(u32 status, u64 value)
{
	return (struct hook_outcome){status, {value}};
}

static struct hook_outcome from_errno(int error)
{
	return error ? with(DEFIB_HOOK_STATUS_FAILED, -error) : only(DEFIB_HOOK_STATUS_DONE);
}

/*
 * The task that the request means, if it is still that one: address, pid and start time. Under RCU.
 * The pid is the initial namespace's; `current` is anybody here.
 */
static struct task_struct *named(const struct DefibHookRequest *request)
{
	struct task_struct *task;

	if (!request->arguments[1] || request->arguments[1] > PID_MAX_LIMIT)
		return NULL;
	task = pid_task(find_pid_ns(request->arguments[1], &init_pid_ns), PIDTYPE_PID);
	if (!task || (u64)task != request->arguments[0] ||
	    task->start_time != request->arguments[2])
		return NULL;
	return task;
}

static struct hook_outcome wake(struct task_struct *task)
{
	unsigned long flags;

	/* try_to_wake_up() takes it. */
	if (!raw_spin_trylock_irqsave(&task->pi_lock, flags))
		return only(DEFIB_HOOK_STATUS_BUSY);
	raw_spin_unlock_irqrestore(&task->pi_lock, flags);
	return with(DEFIB_HOOK_STATUS_DONE, wake_up_process(task));
}

static struct hook_outcome signal(struct task_struct *task, u64 number)
{
	struct sighand_struct *handlers;
	unsigned long flags;

	if (number > _NSIG)
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	if (is_global_init(task) || task->flags & PF_KTHREAD)
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	handlers = rcu_dereference(task->sighand);
	if (!handlers)
		return only(DEFIB_HOOK_STATUS_NO_TASK);
	/* group_send_sig_info() takes it. */
	if (!spin_trylock_irqsave(&handlers->siglock, flags))
		return only(DEFIB_HOOK_STATUS_BUSY);
	spin_unlock_irqrestore(&handlers->siglock, flags);
	return from_errno(kill_pid(task_pid(task), number, 1));
}

/*
 * The interrupt's return preempts what runs here (resched_curr() does this to the own CPU; it is
 * not exported).
 */
static struct hook_outcome reschedule(void)
{
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	return only(DEFIB_HOOK_STATUS_DONE);
}

static struct hook_outcome on_interrupt(const struct DefibHookRequest *request)
{
	struct hook_outcome outcome = only(DEFIB_HOOK_STATUS_NO_TASK);
	struct task_struct *task;

	if (request->kind == DEFIB_HOOK_RESCHEDULE)
		return reschedule();
	rcu_read_lock();
	task = named(request);
	if (task && request->kind == DEFIB_HOOK_WAKE)
		outcome = wake(task);
	else if (task)
		outcome = signal(task, request->arguments[3]);
	rcu_read_unlock();
	return outcome;
}

static struct hook_outcome set_affinity(const struct DefibHookRequest *request)
{
	struct task_struct *task;
	cpumask_var_t mask;
	unsigned int cpu;
	int error;

	rcu_read_lock();
	task = named(request);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return only(DEFIB_HOOK_STATUS_NO_TASK);
	if (task->flags & (PF_KTHREAD | PF_NO_SETAFFINITY)) {
		put_task_struct(task);
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	}
	if (!zalloc_cpumask_var(&mask, GFP_KERNEL)) {
		put_task_struct(task);
		return from_errno(-ENOMEM);
	}
	for (cpu = 0; cpu < min(64U, nr_cpu_ids); cpu++)
		if (request->arguments[3] >> cpu & 1)
			cpumask_set_cpu(cpu, mask);
	error = set_cpus_allowed_ptr(task, mask);
	free_cpumask_var(mask);
	put_task_struct(task);
	return from_errno(error);
}

/* drop_slab() and drop_pagecache_sb() are not exported; the file is the way in. */
static struct hook_outcome let_go_of_caches(void)
{
	struct file *file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	loff_t offset = 0;
	ssize_t written;

	if (IS_ERR(file))
		return from_errno(PTR_ERR(file));
	written = kernel_write(file, "3", 1, &offset);
	filp_close(file, NULL);
	return from_errno(written < 0 ? written : 0);
}

/*
 * emergency_thaw_all() is not exported, SysRq-j is the way in, and the administrator may have
 * switched that off for keyboards: this is not a keyboard, so it is on for the moment.
 */
static struct hook_outcome thaw(void)
{
	int mask = sysrq_mask();

	sysrq_toggle_support(1);
	handle_sysrq('j');
	sysrq_toggle_support(mask);
	return only(DEFIB_HOOK_STATUS_DONE);
}

/* Only for what a GPU is: display controllers and processing accelerators. */
static struct hook_outcome no_snoop_off(u64 address)
{
	struct hook_outcome outcome = only(DEFIB_HOOK_STATUS_DONE);
	struct pci_dev *device;
	u16 control;

	if (address >> 32)
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	device = pci_get_domain_bus_and_slot(address >> 16, address >> 8 & 0xff, address & 0xff);
	if (!device)
		return from_errno(-ENODEV);
	if (device->class >> 16 != PCI_BASE_CLASS_DISPLAY && device->class >> 16 != 0x12)
		outcome = only(DEFIB_HOOK_STATUS_FORBIDDEN);
	else if (!pci_is_pcie(device) ||
		 pcie_capability_read_word(device, PCI_EXP_DEVCTL, &control))
		outcome = only(DEFIB_HOOK_STATUS_UNSUPPORTED);
	else if (pcie_capability_clear_word(device, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_NOSNOOP_EN))
		outcome = from_errno(-EIO);
	else
		outcome.value[0] = !!(control & PCI_EXP_DEVCTL_NOSNOOP_EN);
	pci_dev_put(device);
	return outcome;
}

static struct hook_outcome in_process(const struct DefibHookRequest *request)
{
	switch (request->kind) {
	case DEFIB_HOOK_AFFINITY:
		return set_affinity(request);
	case DEFIB_HOOK_SYNC:
		ksys_sync_helper();
		return only(DEFIB_HOOK_STATUS_DONE);
	case DEFIB_HOOK_DROP_CACHES:
		return let_go_of_caches();
	case DEFIB_HOOK_THAW:
		return thaw();
	case DEFIB_HOOK_NO_SNOOP_OFF:
		return no_snoop_off(request->arguments[0]);
	}
	return only(DEFIB_HOOK_STATUS_BAD_KIND);
}

static void run_work(struct work_struct *work)
{
	struct hook_job *job = container_of(work, struct hook_job, work);
	struct hook_outcome outcome = in_process(&job->request);

	hook_answer_job(job, &outcome);
}

static void run_interrupt(struct hook_job *job)
{
	struct hook_outcome outcome;

	switch (job->request.kind) {
	case DEFIB_HOOK_WAKE:
	case DEFIB_HOOK_SIGNAL:
	case DEFIB_HOOK_RESCHEDULE:
		outcome = on_interrupt(&job->request);
		hook_answer_job(job, &outcome);
		return;
	}
	queue_work(system_unbound_wq, &job->work);
}

static void run_hard(struct irq_work *work)
{
	run_interrupt(container_of(work, struct hook_job, hard));
}

static void run_soft(struct irq_work *work)
{
	run_interrupt(container_of(work, struct hook_job, soft));
}

void hook_later_queue(struct hook_job *job)
{
	/* The lock of a task's signals sleeps on PREEMPT_RT. */
	irq_work_queue(job->request.kind == DEFIB_HOOK_SIGNAL ? &job->soft : &job->hard);
}

void hook_later_init(struct hook_job *job)
{
	job->hard = IRQ_WORK_INIT_HARD(run_hard);
	init_irq_work(&job->soft, run_soft);
	INIT_WORK(&job->work, run_work);
}

void hook_later_finish(struct hook_job *job)
{
	irq_work_sync(&job->hard);
	irq_work_sync(&job->soft);
	flush_work(&job->work);
}
