// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * The ring's memory: made at the start, shown by its magic, taken back at the end.
 *
 * The end is the hard part, as the other side writes without asking: a page that went back to the
 * kernel while an engine still believes in it would be overwritten in its next life. So the
 * withdrawn ring is freed only if nobody is attached; an engine that is has a moment to see LEAVING
 * and to detach, and after that the pages are left allocated. That costs some pages for each engine
 * that died attached, and never a byte of anybody else's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/string.h>

#include "hook.h"

#define DETACH_WITHIN_MS 1000
#define ATTACH_WITHIN_MS 100

struct DefibHookHeader *hook_ring;
/* The description as it was made: the header itself can be overwritten from outside. */
static struct DefibHookHeader shape;

static_assert(sizeof(struct DefibHookEngine) == 64);
static_assert(sizeof(struct DefibHookBeat) == 256);
static_assert(sizeof(struct DefibHookRequest) == 64);
static_assert(sizeof(struct DefibHookAnswer) == 64);

static void *at(u32 offset)
{
	return (char *)hook_ring + offset;
}

struct DefibHookEngine *hook_engine(void)
{
	return at(shape.engine_at);
}

struct DefibHookBeat *hook_beat(unsigned int cpu)
{
	return (struct DefibHookBeat *)at(shape.beats_at) + cpu;
}

struct DefibHookRequest *hook_request(unsigned int slot)
{
	return (struct DefibHookRequest *)at(shape.requests_at) + slot;
}

struct DefibHookAnswer *hook_answer(unsigned int slot)
{
	return (struct DefibHookAnswer *)at(shape.answers_at) + slot;
}

phys_addr_t hook_ring_physical(void)
{
	return virt_to_phys(hook_ring);
}

u64 hook_ring_load(void)
{
	return shape.load;
}

int hook_ring_make(void)
{
	shape = (struct DefibHookHeader){
		.version = DEFIB_HOOK_VERSION,
		.cpus = nr_cpu_ids,
		.slots = DEFIB_HOOK_SLOTS,
	};
	if (nr_cpu_ids > DEFIB_HOOK_CPUS_MAX)
		return -E2BIG;
	shape.engine_at = ALIGN(sizeof(shape), 64);
	shape.beats_at = shape.engine_at + ALIGN(sizeof(struct DefibHookEngine), 128);
	shape.requests_at = shape.beats_at + shape.cpus * sizeof(struct DefibHookBeat);
	shape.answers_at = shape.requests_at + shape.slots * sizeof(struct DefibHookRequest);
	shape.bytes = shape.answers_at + shape.slots * sizeof(struct DefibHookAnswer);
	do {
		shape.load = get_random_u64();
	} while (!shape.load);

	hook_ring = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, get_order(shape.bytes));
	if (!hook_ring)
		return -ENOMEM;
	shape.physical = hook_ring_physical();
	shape.sum = defib_hook_description_sum(&shape);
	*hook_ring = shape;
	return 0;
}

void hook_ring_publish(void)
{
	WRITE_ONCE(hook_ring->state, DEFIB_HOOK_STATE_SERVING);
	smp_wmb(); /* who sees the magic sees all that it promises */
	memcpy(hook_ring->magic, DEFIB_HOOK_MAGIC, sizeof(hook_ring->magic));
}

void hook_ring_withdraw(void)
{
	struct DefibHookEngine *engine = hook_engine();
	int i;

	WRITE_ONCE(hook_ring->state, DEFIB_HOOK_STATE_LEAVING);
	memset(hook_ring->magic, 0, sizeof(hook_ring->magic));
	/* One that saw SERVING a moment ago attaches now, then looks again and sees LEAVING. */
	smp_mb();
	msleep(ATTACH_WITHIN_MS);
	for (i = 0; i < DETACH_WITHIN_MS / 20 && READ_ONCE(engine->attached) == shape.load; i++)
		msleep(20);
	if (READ_ONCE(engine->attached) == shape.load)
		pr_warn("an engine is still attached: the ring's pages stay allocated\n");
	else
		free_pages((unsigned long)hook_ring, get_order(shape.bytes));
	hook_ring = NULL;
}
