/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: The defib authors */
/*
 * arm64. It has no NMI of its own; a kernel with CONFIG_ARM64_PSEUDO_NMI masks interrupts by their
 * priority, and lets those of the counters through (armpmu_request_irq() asks for an NMI first). So
 * perf is the one source that reaches a CPU with interrupts off, and there is no poke: no IPI of
 * such a kernel is an NMI (arch/arm64/kernel/smp.c, set_smp_ipi_range()), before 6.8 at least.
 */
#ifndef DEFIB_HOOK_ARCH_ARM64_H
#define DEFIB_HOOK_ARCH_ARM64_H

#include <asm/asm-extable.h>
#include <asm/cpufeature.h>
#include <asm/memory.h>
#include <asm/pgtable.h>
#include <asm/sysreg.h>
#include <linux/cpufreq.h>
#include <linux/ptrace.h>

/* Nobody asks the handler that sources.c has for x86. */
#define ARCH_CAN_POKE	   0
/* What follows the general registers in struct pt_regs. */
#define ARCH_REGISTERS_END sp
#define NMI_DONE	   0
#define NMI_HANDLED	   1

static inline int arch_register_nmi(int (*handler)(unsigned int type, struct pt_regs *regs))
{
	return 0;
}

static inline void arch_unregister_nmi(void)
{
}

static inline void arch_send_nmi(unsigned int cpu)
{
}

/* With pseudo-NMIs the mask is a priority: interrupts_enabled() knows both. */
static inline bool arch_irqs_were_on(const struct pt_regs *regs)
{
	return interrupts_enabled(regs);
}

/* Without it a counter's overflow is an interrupt like any other. */
static inline bool arch_perf_is_nmi(void)
{
	return system_uses_irq_prio_masking();
}

/* A CPU that is faster than is known looks more often. */
static inline u64 arch_cycles_per_second(unsigned int cpu)
{
	u64 khz = cpufreq_get_hw_max_freq(cpu);

	return khz ? khz * 1000 : NSEC_PER_SEC;
}

/*
 * Compare and set, on an address that may turn out not to be there, or not to be writable: the
 * fault is caught by the exception table (ex_handler_uaccess_err_zero() sets the error), also in
 * an NMI. A store that loses its reservation is tried again, some times: a lock word that others
 * hammer must not hold this CPU.
 */
#define ARCH_STORES_TRIED 128

/* clang-format off */
#define ARCH_COMPARE_AND_SET(bits, reg)                                                            \
static inline int arch_compare_and_set##bits(unsigned long address, u##bits old, u##bits new,     \
					     u##bits *found)                                       \
{                                                                                                  \
	u##bits *word = (u##bits *)address;                                                        \
	u##bits seen = 0;                                                                          \
	u32 lost = 0;                                                                              \
	int error = 0;                                                                             \
	int i;                                                                                     \
												   \
	for (i = 0; i < ARCH_STORES_TRIED; i++) {                                                  \
		asm volatile("1: ldaxr %" reg "[seen], %[word]\n"                                  \
			     "   mov %w[lost], #0\n"                                               \
			     "   cmp %" reg "[seen], %" reg "[old]\n"                              \
			     "   b.ne 3f\n"                                                        \
			     "2: stlxr %w[lost], %" reg "[new], %[word]\n"                         \
			     "3:\n"                                                                \
			     _ASM_EXTABLE_KACCESS_ERR(1b, 3b, %w[error])                           \
			     _ASM_EXTABLE_KACCESS_ERR(2b, 3b, %w[error])                           \
			     : [error] "+r" (error), [word] "+Q" (*word), [seen] "+&r" (seen),     \
			       [lost] "+&r" (lost)                                                 \
			     : [old] "r" (old), [new] "r" (new)                                    \
			     : "memory", "cc");                                                    \
		if (error || !lost)                                                                \
			break;                                                                     \
	}                                                                                          \
	*found = seen;                                                                             \
	return error ? error : lost ? -EAGAIN : 0;                                                 \
}
ARCH_COMPARE_AND_SET(32, "w")
ARCH_COMPARE_AND_SET(64, "x")
#undef ARCH_COMPARE_AND_SET
/* clang-format on */

/* Physical; above the address the register has an ASID, and in bit 0 whether it is shared (CnP). */
static inline u64 arch_kernel_root(void)
{
	u64 root = read_sysreg(ttbr1_el1) & GENMASK_ULL(47, 1);

#ifdef CONFIG_ARM64_PA_BITS_52
	/* Bits 51 to 48 are in 5 to 2 (phys_to_ttbr()). */
	root = (root & ~GENMASK_ULL(5, 2)) | (root & GENMASK_ULL(5, 2)) << 46;
#endif
	return root;
}

/*
 * The page frame behind a kernel address, from the page tables that the CPU itself uses for
 * kernel addresses (init_mm is not exported); false where nothing is mapped, or not as `access`
 * needs it. It takes no lock; a mapping that goes away meanwhile is why the access itself must bear
 * a fault.
 */
static inline bool arch_kernel_pfn(unsigned long address, bool write, u64 *pfn)
{
	u64 root = arch_kernel_root();
	pgd_t *pgd;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t *pte, entry;

	if (address < PAGE_OFFSET)
		return false;
	pgd = pgd_offset_pgd((pgd_t *)__va(root), address);
	if (pgd_none(READ_ONCE(*pgd)))
		return false;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(READ_ONCE(*p4d)))
		return false;
	pud = pud_offset(p4d, address);
	if (pud_none(READ_ONCE(*pud)))
		return false;
	if (pud_leaf(READ_ONCE(*pud))) {
		entry = pud_pte(READ_ONCE(*pud));
		*pfn = pud_pfn(*pud) + ((address & ~PUD_MASK) >> PAGE_SHIFT);
		return pte_valid(entry) && (!write || pte_write(entry));
	}
	pmd = pmd_offset(pud, address);
	if (pmd_none(READ_ONCE(*pmd)))
		return false;
	if (pmd_leaf(READ_ONCE(*pmd))) {
		entry = pmd_pte(READ_ONCE(*pmd));
		*pfn = pmd_pfn(*pmd) + ((address & ~PMD_MASK) >> PAGE_SHIFT);
		return pte_valid(entry) && (!write || pte_write(entry));
	}
	pte = pte_offset_kernel(pmd, address);
	entry = READ_ONCE(*pte);
	*pfn = pte_pfn(entry);
	return pte_valid(entry) && (!write || pte_write(entry));
}

#endif
