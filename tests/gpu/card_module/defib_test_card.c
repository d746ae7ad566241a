// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * For tests: /dev/defib_test_card, through which the driver without a GPU (tests/gpu/fake_driver.cpp)
 * has the frames that it was given of the memory window. A real card has them over the bus, whatever
 * the window's own mapping has come to; so does this, for that mapping and this one know nothing of
 * each other. It holds nobody back, and belongs on no machine that is more than a test.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static int card_mmap(struct file *file, struct vm_area_struct *area)
{
	return remap_pfn_range(area, area->vm_start, area->vm_pgoff, area->vm_end - area->vm_start,
			       area->vm_page_prot);
}

static const struct file_operations card_file = {
	.owner = THIS_MODULE,
	.mmap = card_mmap,
};

static struct miscdevice card = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "defib_test_card",
	.mode = 0600,
	.fops = &card_file,
};

module_misc_device(card);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a test's second way to this machine's memory");
