// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * What is RAM, and which addresses of it are the kernel's data.
 *
 * The list of RAM is made when the module is loaded: memory that is plugged in later is not seen
 * until the module is loaded again.
 *
 * Kernel data is what the kernel has mapped for itself, in RAM (not in a device: a read could have
 * effects), for writing if it shall be written (so neither code nor constants, whose mappings,
 * the direct map's among them, are read-only: mark_rodata_ro), and what holds no program's pages:
 * those on an LRU list are a process's or a file's.
 */
#include <linux/ioport.h>
#include <linux/mm.h>

#include "arch.h"
#include "hook.h"

#define RANGES_MAX 64

static struct hook_range ranges[RANGES_MAX];
static unsigned int count;

static int add_ram(struct resource *resource, void *unused)
{
	u64 first = PHYS_PFN(resource->start + PAGE_SIZE - 1);
	u64 end = PHYS_PFN(resource->end + 1);

	if (first >= end)
		return 0;
	if (count == RANGES_MAX)
		return -E2BIG;
	ranges[count++] = (struct hook_range){first, end};
	return 0;
}

int hook_memory_init(void)
{
	int error;

	count = 0;
	error = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
				    NULL, add_ram);
	if (error)
		return error;
	return count ? 0 : -ENODEV;
}

bool hook_is_ram(u64 first_pfn, u64 pages)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (first_pfn >= ranges[i].first_pfn && first_pfn < ranges[i].end_pfn)
			return pages && pages <= ranges[i].end_pfn - first_pfn;
	return false;
}

bool hook_is_kernel_data(unsigned long address, unsigned int size, enum hook_access access)
{
	u64 pfn;

	if (address % size || !arch_kernel_pfn(address, access == HOOK_WRITE, &pfn))
		return false;
	return hook_is_ram(pfn, 1) && pfn_valid(pfn) && !PageLRU(compound_head(pfn_to_page(pfn)));
}
