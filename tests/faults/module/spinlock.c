// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * F1: CPUs that wait for a raw spinlock which nobody will release.
 *
 * The leak is arch_spin_lock() without an owner: the lock word says taken, no CPU holds it, and no
 * preempt count is left raised, as after a missing unlock on an error path. The waiters take the
 * lock as any driver would. Where the lock lies differs on purpose: a slab object (direct map) or
 * module data (page tables only).
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "fault.h"

struct broken_device {
	char name[24]; /* so that the lock is not the object's first word */
	raw_spinlock_t lock;
};

static struct broken_device *device;
static DEFINE_RAW_SPINLOCK(module_lock);

static int leak_device_lock(void)
{
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	raw_spin_lock_init(&device->lock);
	arch_spin_lock(&device->lock.raw_lock);
	tell("leaked the lock at %px", &device->lock);
	return 0;
}

static void wait_irqs_on(unsigned int rank)
{
	raw_spin_lock(&device->lock);
	raw_spin_unlock(&device->lock);
	tell("a waiter got the lock");
}

static int f1a(unsigned int count)
{
	int error = leak_device_lock();

	return error ? error : on_cpus(count, "f1a", wait_irqs_on);
}
DEFIB_FAULT(f1a, f1a, "CPUs (all) wait with interrupts on for a leaked raw spinlock");

static void wait_irqs_off(unsigned int rank)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&device->lock, flags);
	raw_spin_unlock_irqrestore(&device->lock, flags);
	tell("a waiter got the lock");
}

static int f1b(unsigned int count)
{
	int error = leak_device_lock();

	return error ? error : on_cpus(count, "f1b", wait_irqs_off);
}
DEFIB_FAULT(f1b, f1b, "CPUs (all) wait with interrupts off for a leaked raw spinlock");

static atomic_t queued;
static atomic_t through;

/* Again and again, until all were in it once: so that all wait for the one who never gets there. */
static void wait_in_queue(unsigned int rank)
{
	bool was_in = false;

	if (rank == 0) {
		/* One of them has the pending bit, the others a node each. */
		while (atomic_read(&queued) < num_online_cpus() - 1 ||
		       !(atomic_read(&device->lock.raw_lock.val) & _Q_TAIL_MASK))
			cpu_relax();
		mdelay(20);
		atomic_set(&device->lock.raw_lock.val, 0);
		tell("the lock's whole word was overwritten");
	}
	atomic_inc(&queued);
	do {
		raw_spin_lock(&device->lock);
		if (!was_in)
			atomic_inc(&through);
		was_in = true;
		raw_spin_unlock(&device->lock);
	} while (atomic_read(&through) < num_online_cpus());
	tell("a waiter got the lock");
}

static int f1f(unsigned int count)
{
	int error = num_online_cpus() < 4 ? -EINVAL : leak_device_lock();

	return error ? error : on_cpus(0, "f1f", wait_in_queue);
}
DEFIB_FAULT(f1f, f1f, "a leaked raw spinlock's word is overwritten while its waiters queue");

static void wait_module_lock(unsigned int rank)
{
	raw_spin_lock(&module_lock);
	raw_spin_unlock(&module_lock);
	tell("a waiter got the lock");
}

static int f1c(unsigned int count)
{
	arch_spin_lock(&module_lock.raw_lock);
	tell("leaked the lock at %px", &module_lock);
	return on_cpus(count ? count : max(1U, num_online_cpus() / 2), "f1c", wait_module_lock);
}
DEFIB_FAULT(f1c, f1c,
	    "CPUs (half) wait with interrupts on for a leaked raw spinlock in module data");

static DEFINE_RAW_SPINLOCK(first_lock);
static DEFINE_RAW_SPINLOCK(second_lock);
static atomic_t holding;
static bool with_interrupts_off;

/* Both locks are really held, by CPUs that really are inside: unlocking either would corrupt. */
static void wait_for_each_other(unsigned int rank)
{
	raw_spinlock_t *mine = rank == 1 ? &second_lock : &first_lock;
	raw_spinlock_t *theirs = rank == 1 ? &first_lock : &second_lock;

	if (rank > 1) { /* whoever comes by */
		while (atomic_read(&holding) < 2)
			cpu_relax();
		mine = &second_lock;
	}
	if (with_interrupts_off)
		local_irq_disable();
	raw_spin_lock(mine);
	atomic_inc(&holding);
	while (atomic_read(&holding) < 2)
		cpu_relax();
	raw_spin_lock_nested(theirs, SINGLE_DEPTH_NESTING);
	raw_spin_unlock(theirs);
	raw_spin_unlock(mine);
	tell("two CPUs passed each other's lock");
}

static int f1d(unsigned int count)
{
	if (num_online_cpus() < 2)
		return -EINVAL;
	with_interrupts_off = count;
	tell("locks at %px and %px", &first_lock, &second_lock);
	return on_cpus(0, "f1d", wait_for_each_other);
}
DEFIB_FAULT(f1d, f1d,
	    "two CPUs take two raw spinlocks in opposite order; 1: with interrupts off");

/* The lock is really held, by a CPU that will never unlock it, and is not to be told from one that
 * will. */
static void hold_for_ever_or_wait(unsigned int rank)
{
	unsigned long flags;

	if (rank == 0) {
		raw_spin_lock(&first_lock);
		atomic_inc(&holding);
		for (;;)
			cpu_relax();
	}
	while (!atomic_read(&holding))
		cpu_relax();
	raw_spin_lock_irqsave(&first_lock, flags);
	raw_spin_unlock_irqrestore(&first_lock, flags);
	tell("a waiter got a lock that is held");
}

static int f1e(unsigned int count)
{
	if (num_online_cpus() < 2)
		return -EINVAL;
	tell("a lock at %px is held for ever", &first_lock);
	return on_cpus(2, "f1e", hold_for_ever_or_wait);
}
DEFIB_FAULT(f1e, f1e,
	    "a CPU loops for ever with a raw spinlock, one waits for it with interrupts off");
