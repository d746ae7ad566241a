// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * F6: kernel memory that is taken and never given back.
 *
 * Order-0 GFP_KERNEL does not fail while anything killable is left (__alloc_pages_slowpath retries
 * after each out_of_memory), so processes die one by one for memory that none of them has. The
 * number is the most to take, in MiB; 0: all there is.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fault.h"

struct eaten {
	struct eaten *next;
	char rest[1024 - sizeof(void *)];
};

static unsigned long most_bytes(void *argument)
{
	unsigned long mib = (unsigned long)argument;

	return mib ? mib << 20 : ULONG_MAX;
}

static int eat_slab(void *argument)
{
	static struct eaten *all;
	unsigned long left = most_bytes(argument);

	while (left >= sizeof(struct eaten)) {
		struct eaten *one = kmalloc(sizeof(*one), GFP_KERNEL);

		if (!one)
			break;
		one->next = all;
		all = one;
		left -= sizeof(*one);
		cond_resched();
	}
	tell("ate slab to the end");
	return 0;
}

static int f6_slab(unsigned int mib)
{
	return on_thread(ANY_CPU, "f6_slab", eat_slab, (void *)(unsigned long)mib);
}
DEFIB_FAULT(f6_slab, f6_slab, "slab memory leaks: MiB (until nothing is left)");

static int eat_pages(void *argument)
{
	static LIST_HEAD(all);
	unsigned long left = most_bytes(argument);

	while (left >= PAGE_SIZE) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page)
			break;
		list_add(&page->lru, &all);
		left -= PAGE_SIZE;
		cond_resched();
	}
	tell("ate pages to the end");
	return 0;
}

static int f6_pages(unsigned int mib)
{
	return on_thread(ANY_CPU, "f6_pages", eat_pages, (void *)(unsigned long)mib);
}
DEFIB_FAULT(f6_pages, f6_pages, "pages leak: MiB (until nothing is left)");
