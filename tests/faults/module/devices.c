// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Devices whose read is the fault: what a process has to do to itself, in its own context.
 *
 *   /dev/defib_never        uninterruptible, for ever (F4)
 *   /dev/defib_killable     asleep for ever, but a fatal signal ends it (TASK_KILLABLE)
 *   /dev/defib_loop         runs for ever, and lets others run (F2)
 *   /dev/defib_mutex        takes a mutex; the first reader returns with it still held
 *   /dev/defib_forgotten    takes a mutex; every other reader gives it back without a word to who
 *                           waits for it, once somebody does
 *   /dev/defib_rwsem        the first two readers return with a rw_semaphore held for reading, the
 *                           third wants to write, those that follow to read
 *   /dev/defib_lost         sleeps although its condition is true: the wake-up was lost
 *   /dev/defib_needresched  needresched.c
 *
 * A read of no bytes is healthy. A read that does end gives one byte: a reader can tell it from an
 * error.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>

#include "fault.h"

static ssize_t one_byte(char __user *buffer, size_t size)
{
	return size && put_user('.', buffer) ? -EFAULT : min_t(size_t, size, 1);
}

static ssize_t never_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	while (size) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
	return 0;
}

static ssize_t killable_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	while (!fatal_signal_pending(current)) {
		set_current_state(TASK_KILLABLE);
		if (!fatal_signal_pending(current))
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return -EINTR;
}

static ssize_t loop_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	while (size)
		cond_resched();
	return 0;
}

static ssize_t mutex_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	static DEFINE_MUTEX(mutex);
	static bool is_leaked;

	mutex_lock(&mutex);
	if (!is_leaked) {
		is_leaked = true;
		return one_byte(buffer, size); /* the error path that forgot to unlock */
	}
	mutex_unlock(&mutex);
	return one_byte(buffer, size);
}

#ifdef CONFIG_PREEMPT_RT
/* An rt_mutex is handed over to who waits: nothing can be forgotten. */
static ssize_t forgotten_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	return size ? -EOPNOTSUPP : 0;
}
#else
#define FLAGS 7 /* MUTEX_FLAGS, kernel/locking/mutex.h */
#define HAS_WAITERS 1

static ssize_t forgotten_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	static DEFINE_MUTEX(mutex);
	static atomic_t comers;

	if (!size)
		return 0;
	if (atomic_inc_return(&comers) % 2 == 0) {
		while (!mutex_is_locked(&mutex))
			msleep(10);
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
		tell("a waiter got the forgotten mutex");
		return one_byte(buffer, size);
	}
	mutex_lock(&mutex);
	while (!(atomic_long_read(&mutex.owner) & HAS_WAITERS))
		msleep(10);
	/* By now it sleeps. The broken unlock: the owner goes, and nobody is woken. */
	msleep(100);
	atomic_long_and(FLAGS, &mutex.owner);
	return one_byte(buffer, size);
}
#endif

static ssize_t rwsem_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	static DECLARE_RWSEM(semaphore);
	static atomic_t comers;
	int number = size ? atomic_inc_return(&comers) : 0;

	if (number <= 2) {
		if (number)
			down_read(&semaphore);
		return one_byte(buffer, size);
	}
	if (number == 3)
		down_write(&semaphore);
	else
		down_read(&semaphore);
	tell("a reader let go of the semaphore");
	return one_byte(buffer, size);
}

struct lost {
	bool is_ready;
};

/* The bug: the condition is made true and wake_up_process() is not called. */
static int make_ready_silently(void *argument)
{
	struct lost *lost = argument;

	WRITE_ONCE(lost->is_ready, true);
	return 0;
}

static ssize_t lost_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct lost lost = {};
	int error = on_thread(ANY_CPU, "lost/waker", make_ready_silently, &lost);

	if (error)
		return error;
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(lost.is_ready))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	tell("the lost wake-up was made up for");
	return one_byte(buffer, size);
}

#define DEVICE(name_)                                                                              \
	{                                                                                          \
		.minor = MISC_DYNAMIC_MINOR,                                                       \
		.name = "defib_" #name_,                                                           \
		.mode = 0600,                                                                      \
		.fops = &(const struct file_operations){.owner = THIS_MODULE,                      \
							.read = name_##_read},                     \
	}

static struct miscdevice devices[] = {
	DEVICE(never), DEVICE(killable), DEVICE(loop),
	DEVICE(mutex), DEVICE(rwsem),	 DEVICE(lost), DEVICE(needresched), DEVICE(forgotten),
};

static int __init devices_init(void)
{
	int i, error;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		error = misc_register(&devices[i]);
		if (error) {
			while (i--)
				misc_deregister(&devices[i]);
			return error;
		}
	}
	return 0;
}
module_init(devices_init);
