// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Requests that are done in the look itself, mostly an NMI, on whatever the CPU was doing. Here
 * nothing may lock, allocate or wait.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/uaccess.h>

#include "arch.h"
#include "hook.h"

#define PAGES 4

/* Pages to lend, allocated beforehand. */
static struct {
	atomic_t is_lent;
	unsigned long address;
} pages[PAGES];

static struct hook_outcome only(u32 status)
{
	return (struct hook_outcome){.status = status};
}

static struct hook_outcome with(u32 status, u64 value)
{
	return (struct hook_outcome){status, {value}};
}

static bool is_size(u64 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static struct hook_outcome read_word(unsigned long address, u64 size)
{
	u64 word = 0; /* little-endian: the low bytes are the word */

	if (!is_size(size))
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	if (!hook_is_kernel_data(address, size, HOOK_READ) ||
	    copy_from_kernel_nofault(&word, (void *)address, size))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	return with(DEFIB_HOOK_STATUS_DONE, word);
}

static struct hook_outcome compare_and_set(unsigned long address, u64 size, u64 old, u64 new)
{
	u64 found;
	u32 found32;
	int error;

	if (size != 4 && size != 8)
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	if (size == 4 && (old > U32_MAX || new > U32_MAX))
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	if (!hook_is_kernel_data(address, size, HOOK_WRITE))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	if (size == 4) {
		error = arch_compare_and_set32(address, old, new, &found32);
		found = found32;
	} else {
		error = arch_compare_and_set64(address, old, new, &found);
	}
	if (error)
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	return with(found == old ? DEFIB_HOOK_STATUS_DONE : DEFIB_HOOK_STATUS_CHANGED, found);
}

static struct hook_outcome poke(u64 cpu)
{
	if (!ARCH_CAN_POKE)
		return only(DEFIB_HOOK_STATUS_UNSUPPORTED);
	if (cpu >= nr_cpu_ids || !cpu_online(cpu))
		return only(DEFIB_HOOK_STATUS_NO_CPU);
	hook_poke(cpu);
	return only(DEFIB_HOOK_STATUS_DONE);
}

static struct hook_outcome lend_page(void)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		if (atomic_cmpxchg(&pages[i].is_lent, 0, 1))
			continue;
		clear_page((void *)pages[i].address);
		return (struct hook_outcome){
			DEFIB_HOOK_STATUS_DONE,
			{virt_to_phys((void *)pages[i].address), pages[i].address},
		};
	}
	return only(DEFIB_HOOK_STATUS_FULL);
}

static struct hook_outcome take_page_back(u64 physical)
{
	int i;

	for (i = 0; i < PAGES; i++)
		if (virt_to_phys((void *)pages[i].address) == physical &&
		    atomic_cmpxchg(&pages[i].is_lent, 1, 0) == 1)
			return only(DEFIB_HOOK_STATUS_DONE);
	return only(DEFIB_HOOK_STATUS_NOT_HELD);
}

/* panic() leads into kdump where that is set up (__crash_kexec), also from an NMI. */
static struct hook_outcome panic_now(u64 word, struct pt_regs *regs)
{
	if (word != DEFIB_HOOK_CRASH_WORD)
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	hook_sources_mute();
	nmi_panic(regs, "defib_hook: the engine asks for a crash dump");
	return only(DEFIB_HOOK_STATUS_FAILED); /* another CPU panics already */
}

struct hook_outcome hook_do_now(const struct DefibHookRequest *request,
				const struct hook_look *look)
{
	const u64 *argument = (const u64 *)request->arguments;

	switch (request->kind) {
	case DEFIB_HOOK_NOTHING:
		return only(DEFIB_HOOK_STATUS_DONE);
	case DEFIB_HOOK_READ:
		return read_word(argument[0], argument[1]);
	case DEFIB_HOOK_COMPARE_AND_SET:
		return compare_and_set(argument[0], argument[1], argument[2], argument[3]);
	case DEFIB_HOOK_TRYLOCK:
		return hook_trylock(argument[0], argument[1], look->now_ns);
	case DEFIB_HOOK_UNLOCK:
		return hook_unlock(argument[0]);
	case DEFIB_HOOK_RELEASE:
		if (argument[1] > U32_MAX || argument[2] > U32_MAX)
			return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
		return hook_release(argument[0], argument[1], argument[2]);
	case DEFIB_HOOK_POKE:
		return poke(argument[0]);
	case DEFIB_HOOK_BORROW:
		return lend_page();
	case DEFIB_HOOK_RETURN:
		return take_page_back(argument[0]);
	case DEFIB_HOOK_CRASH:
		return panic_now(argument[0], look->regs);
	}
	return only(DEFIB_HOOK_STATUS_BAD_KIND);
}

void hook_pages_exit(void)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		if (!pages[i].address)
			continue;
		/* What the engine put there may be queued in the kernel. */
		if (atomic_read(&pages[i].is_lent))
			pr_warn("a lent page was not returned and stays allocated\n");
		else
			free_page(pages[i].address);
		pages[i].address = 0;
	}
}

int hook_pages_init(void)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		pages[i].address = get_zeroed_page(GFP_KERNEL);
		if (!pages[i].address) {
			hook_pages_exit();
			return -ENOMEM;
		}
	}
	return 0;
}
