// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * The start and the end of the module, and the two moments at which a kernel ends under it: a panic
 * (its other CPUs are stopped and its log is being saved: nothing is served any more) and a reboot
 * or kexec (the next kernel must not get the HPET's NMIs).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>

#include "hook.h"

static int on_panic(struct notifier_block *block, unsigned long event, void *message)
{
	hook_sources_mute();
	hook_hpet_stop();
	return NOTIFY_DONE;
}

static int on_reboot(struct notifier_block *block, unsigned long event, void *unused)
{
	hook_hpet_stop();
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = {.notifier_call = on_panic};
static struct notifier_block reboot_block = {.notifier_call = on_reboot};

static int __init hook_init(void)
{
	int error = hook_memory_init();

	if (error)
		return error;
	error = hook_pages_init();
	if (error)
		return error;
	error = hook_ring_make();
	if (error)
		goto no_ring;
	hook_serve_init();
	error = hook_sources_init();
	if (error)
		goto no_sources;
	error = hook_window_init();
	if (error)
		goto no_window;
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	register_reboot_notifier(&reboot_block);
	hook_ring_publish();
	pr_info("serving\n");
	return 0;

no_window:
	hook_sources_exit();
	hook_serve_exit();
no_sources:
	hook_ring_withdraw();
no_ring:
	hook_pages_exit();
	return error;
}

/* No new request, no look, nothing deferred, then the memory. */
static void __exit hook_exit(void)
{
	unregister_reboot_notifier(&reboot_block);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	hook_window_exit();
	hook_sources_exit();
	hook_serve_exit();
	hook_ring_withdraw();
	hook_pages_exit();
}

module_init(hook_init);
module_exit(hook_exit);
MODULE_DESCRIPTION("defib: memory window, request ring, NMI service");
MODULE_AUTHOR("The defib authors");
MODULE_LICENSE("GPL");
