/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: The defib authors */
/*
 * What every fault is made of.
 *
 * A fault is a write-only parameter of the module: writing a number to
 * /sys/module/defib_fault/parameters/NAME makes it happen. The kernel keeps the list (param_sysfs),
 * so a fault is declared where its code is and nowhere else. The number's meaning is the fault's
 * own; 0 asks for the usual.
 *
 * The write must return: whoever broke the machine has to be able to say so. Every fault therefore
 * breaks things from threads of its own, DELAY_MS after the write. What a process has to do to
 * itself is a device instead (devices.c).
 */
#ifndef DEFIB_FAULT_H
#define DEFIB_FAULT_H

#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/uaccess.h>

#define DEFIB_FAULT(name, start, about)                                                            \
	static int name##_set(const char *text, const struct kernel_param *parameter)              \
	{                                                                                          \
		unsigned int number;                                                               \
		int error = kstrtouint(text, 0, &number);                                          \
		return error ? error : start(number);                                              \
	}                                                                                          \
	static const struct kernel_param_ops name##_ops = {.set = name##_set};                     \
	module_param_cb(name, &name##_ops, NULL, 0200);                                            \
	MODULE_PARM_DESC(name, about)

/* No fault, but a repair by the kernel's own hand, to compare defib's with (tests/bench). */
#define DEFIB_RIVAL(name, start, about) DEFIB_FAULT(name, start, about)

#define DELAY_MS 200

/* The kernel log is the witness; a warning, so that it reaches the serial console too. */
#define tell(format, ...) pr_warn("defib_fault: " format "\n", ##__VA_ARGS__)

/*
 * Starts `body` on each of the `count` highest-numbered CPUs (0: on every CPU), none of them going
 * on before all have arrived. Without that the first to hang could be the one that was to serve
 * another's start timer (get_nohz_timer_target), and a CPU would stay healthy by accident. `body`
 * gets the thread's rank, 0 for the first.
 */
int on_cpus(unsigned int count, const char *name, void (*body)(unsigned int rank));

/* Starts one thread, bound to `cpu` unless it is ANY_CPU, after DELAY_MS. */
#define ANY_CPU (-1)
int on_thread(int cpu, const char *name, int (*body)(void *), void *argument);

/* A device whose read is the fault; devices.c registers them all. */
ssize_t needresched_read(struct file *file, char __user *buffer, size_t size, loff_t *offset);

#endif
