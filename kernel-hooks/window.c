// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * /dev/defib: all RAM of this machine in one process, so that it can be given to a GPU; and SEAL,
 * after which that process cannot reach it any more while the GPU still can.
 *
 * The mapping is made of page frames, not of pages (VM_PFNMAP): nothing is pinned or counted, and
 * the kernel frees, moves and reuses its memory as if nobody looked. mmap()'s offset is the
 * physical address; a mapping lies in one range of RAM. RAM is mapped write-back whatever is asked
 * for. Up to 6.11 every entry is a 4 KiB one, made at once (remap_pfn_range); from 6.12 on, where
 * the generic code knows huge entries in such mappings, they are made by touching, 2 MiB at a time
 * where address and frame allow. Who needs them all beforehand touches one byte of each 2 MiB.
 *
 * SEAL is for good: it holds until the last descriptor is closed, whoever has it. It takes the
 * rights and the "may have rights" from each mapping, then the entries. What then could give access
 * back, and what stops it:
 *   a touch          no VM_READ: SIGSEGV; a fault that was on its way finds `is_sealed`: SIGBUS
 *   mprotect         no VM_MAYREAD, VM_MAYWRITE: EACCES
 *   mmap again       EPERM
 *   mremap           vm_ops->mremap: EPERM          part of it: vm_ops->may_split: EINVAL
 *   fork             VM_DONTCOPY, which VM_IO keeps madvise from clearing; the child's mmap: EPERM
 *   ptrace, /proc/pid/mem: vm_ops->access: EPERM   O_DIRECT, what else pins: VM_PFNMAP has no pages
 *   a second open    EBUSY
 *
 * Lockdown: the kernel forbids to change its memory from user space when it is locked down, as it
 * is under Secure Boot. This device is just that, so it obeys and refuses (LOCKDOWN_DEV_MEM).
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn_t.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/version.h>

#include "hook.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
#define HAS_HUGE_ENTRIES
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *area, vm_flags_t flags)
{
	area->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *area, vm_flags_t flags)
{
	area->vm_flags &= ~flags;
}

static inline void vma_start_write(struct vm_area_struct *area)
{
}
#endif

static DEFINE_MUTEX(lock);
static struct mm_struct *owner; /* whose memory it is mapped into; null: nobody has it open */
static bool is_sealed;

static vm_fault_t window_fault(struct vm_fault *fault)
{
	struct vm_area_struct *area = fault->vma;

	if (READ_ONCE(is_sealed))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn_prot(area, fault->address & PAGE_MASK, fault->pgoff,
				   area->vm_page_prot);
}

#ifdef HAS_HUGE_ENTRIES
static vm_fault_t window_huge_fault(struct vm_fault *fault, unsigned int order)
{
	struct vm_area_struct *area = fault->vma;
	unsigned long address = ALIGN_DOWN(fault->address, PMD_SIZE);
	unsigned long pfn;

	if (READ_ONCE(is_sealed))
		return VM_FAULT_SIGBUS;
	if (order != PMD_ORDER || address < area->vm_start || address + PMD_SIZE > area->vm_end)
		return VM_FAULT_FALLBACK;
	pfn = area->vm_pgoff + PHYS_PFN(address - area->vm_start);
	if (!IS_ALIGNED(pfn, 1UL << PMD_ORDER))
		return VM_FAULT_FALLBACK;
	return vmf_insert_pfn_pmd(fault, __pfn_to_pfn_t(pfn, PFN_DEV), true);
}
#endif

static int window_access(struct vm_area_struct *area, unsigned long address, void *buffer,
			 int length, int write)
{
	return -EPERM;
}

static int window_may_split(struct vm_area_struct *area, unsigned long address)
{
	return -EINVAL;
}

static int window_mremap(struct vm_area_struct *area)
{
	return -EPERM;
}

static const struct vm_operations_struct window_area = {
	.fault = window_fault,
#ifdef HAS_HUGE_ENTRIES
	.huge_fault = window_huge_fault,
#endif
	.access = window_access,
	.may_split = window_may_split,
	.mremap = window_mremap,
};

static int map_range(struct vm_area_struct *area)
{
	vm_flags_set(area, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	vm_flags_clear(area, VM_MAYEXEC);
	area->vm_ops = &window_area;
#ifdef HAS_HUGE_ENTRIES
	return 0;
#else
	return remap_pfn_range(area, area->vm_start, area->vm_pgoff, area->vm_end - area->vm_start,
			       area->vm_page_prot);
#endif
}

static int window_mmap(struct file *file, struct vm_area_struct *area)
{
	int error;

	/* Of a file that was opened to read do_mmap() takes VM_SHARED away, not VM_MAYSHARE. */
	if (!(area->vm_flags & VM_MAYSHARE) || !hook_is_ram(area->vm_pgoff, vma_pages(area)))
		return -EINVAL;
	if (area->vm_flags & VM_EXEC)
		return -EPERM;
	mutex_lock(&lock);
	error = is_sealed || current->mm != owner ? -EPERM : map_range(area);
	mutex_unlock(&lock);
	return error;
}

/*
 * Called without `lock`: mmap() comes to it with the mmap lock held. No mapping can be added after
 * `is_sealed` is set, and those that were are found here.
 */
static void seal_mappings(struct mm_struct *mm, struct address_space *mapping)
{
	struct vm_area_struct *area;
	struct vma_iterator areas;

	vma_iter_init(&areas, mm, 0);
	mmap_write_lock(mm);
	for_each_vma(areas, area) {
		if (area->vm_ops != &window_area)
			continue;
		vma_start_write(area);
		vm_flags_clear(area, VM_READ | VM_WRITE | VM_EXEC | VM_MAYREAD | VM_MAYWRITE |
					     VM_MAYEXEC);
		area->vm_page_prot = vm_get_page_prot(area->vm_flags);
	}
	mmap_write_unlock(mm);
	unmap_mapping_range(mapping, 0, 0, 1);
}

static long window_ioctl(struct file *file, unsigned int command, unsigned long unused)
{
	if (command != DEFIB_WINDOW_SEAL)
		return -ENOTTY;
	mutex_lock(&lock);
	if (current->mm != owner) {
		mutex_unlock(&lock);
		return -EPERM;
	}
	WRITE_ONCE(is_sealed, true);
	mutex_unlock(&lock);
	seal_mappings(current->mm, file->f_mapping);
	return 0;
}

static int window_open(struct inode *inode, struct file *file)
{
	int error;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	error = security_locked_down(LOCKDOWN_DEV_MEM);
	if (error)
		return error;
	if (!current->mm)
		return -EINVAL;
	mutex_lock(&lock);
	if (owner) {
		error = -EBUSY;
	} else {
		owner = current->mm;
		mmgrab(owner); /* so that no other can come to lie at its address */
		is_sealed = false;
	}
	mutex_unlock(&lock);
	return error;
}

static int window_release(struct inode *inode, struct file *file)
{
	struct mm_struct *mm;

	mutex_lock(&lock);
	mm = owner;
	owner = NULL;
	mutex_unlock(&lock);
	mmdrop(mm);
	return 0;
}

static const struct file_operations window_file = {
	.owner = THIS_MODULE,
	.open = window_open,
	.release = window_release,
	.mmap = window_mmap,
	.unlocked_ioctl = window_ioctl,
#ifdef HAS_HUGE_ENTRIES
	.get_unmapped_area = thp_get_unmapped_area,
#endif
	.llseek = noop_llseek,
};

static struct miscdevice window = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "defib",
	.mode = 0600,
	.fops = &window_file,
	.groups = hook_sysfs_groups,
};

int hook_window_init(void)
{
	return misc_register(&window);
}

void hook_window_exit(void)
{
	misc_deregister(&window);
}
