/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: The defib authors */
/*
 * x86-64.
 */
#ifndef DEFIB_HOOK_ARCH_X86_H
#define DEFIB_HOOK_ARCH_X86_H

#include <asm/apic.h>
#include <asm/asm.h>
#include <asm/extable.h>
#include <asm/nmi.h>
#include <asm/pgtable.h>
#include <asm/tsc.h>
#include <linux/cpumask.h>
#include <linux/ptrace.h>

static inline bool arch_irqs_were_on(const struct pt_regs *regs)
{
	return regs->flags & X86_EFLAGS_IF;
}

#define ARCH_CAN_POKE	   1
/* What follows the general registers in struct pt_regs. */
#define ARCH_REGISTERS_END orig_ax

static inline bool arch_perf_is_nmi(void)
{
	return true;
}

static inline u64 arch_cycles_per_second(unsigned int cpu)
{
	return (u64)tsc_khz * 1000;
}

/* A macro, as the kernel keeps a static structure for each call. */
#define arch_register_nmi(handler) register_nmi_handler(NMI_LOCAL, handler, 0, KBUILD_MODNAME)

/* Waits (synchronize_rcu). */
static inline void arch_unregister_nmi(void)
{
	unregister_nmi_handler(NMI_LOCAL, KBUILD_MODNAME);
}

static inline void arch_send_nmi(unsigned int cpu)
{
	apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
}

/*
 * Compare and set, on an address that may turn out not to be there, or not to be writable: the
 * fault is caught by the exception table (fixup_exception), also in an NMI. `found` gets the word
 * that was there. As unsafe_try_cmpxchg_user(), for the kernel's own memory.
 */
/* clang-format off */
static inline int arch_compare_and_set32(unsigned long address, u32 old, u32 new, u32 *found)
{
	u32 *word = (u32 *)address;
	int error = 0;

	asm volatile("1: lock cmpxchgl %[new], %[word]\n"
		     "2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %[error])
		     : [error] "+r" (error), [word] "+m" (*word), "+a" (old)
		     : [new] "r" (new)
		     : "memory", "cc");
	*found = old;
	return error;
}

static inline int arch_compare_and_set64(unsigned long address, u64 old, u64 new, u64 *found)
{
	u64 *word = (u64 *)address;
	int error = 0;

	asm volatile("1: lock cmpxchgq %[new], %[word]\n"
		     "2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %[error])
		     : [error] "+r" (error), [word] "+m" (*word), "+a" (old)
		     : [new] "r" (new)
		     : "memory", "cc");
	*found = old;
	return error;
}
/* clang-format on */

/*
 * The page frame behind a kernel address, from the kernel's own page tables; false where nothing is
 * mapped, or not as `access` needs it. lookup_address() takes no lock; a mapping that goes away
 * meanwhile is why the access itself must bear a fault.
 */
static inline bool arch_kernel_pfn(unsigned long address, bool write, u64 *pfn)
{
	unsigned int level;
	pte_t *entry;

	if (address < TASK_SIZE_MAX || (long)address > 0) /* a user's, or not canonical */
		return false;
	entry = lookup_address(address, &level);
	if (!entry || !(pte_flags(*entry) & _PAGE_PRESENT))
		return false;
	if (write && !(pte_flags(*entry) & _PAGE_RW))
		return false;
	switch (level) {
	case PG_LEVEL_4K:
		*pfn = pte_pfn(*entry);
		return true;
	case PG_LEVEL_2M:
		*pfn = pmd_pfn(*(pmd_t *)entry) + ((address & ~PMD_MASK) >> PAGE_SHIFT);
		return true;
	case PG_LEVEL_1G:
		*pfn = pud_pfn(*(pud_t *)entry) + ((address & ~PUD_MASK) >> PAGE_SHIFT);
		return true;
	}
	return false;
}

#endif
