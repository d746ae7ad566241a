// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * Raw spinlocks of the kernel, taken and given back for the engine.
 *
 * A lock is tried once, in an NMI, and never waited for. What was taken is on a lease: an engine
 * that dies, or a bus that fails, must not leave the kernel with a lock that nobody releases. The
 * first CPU that looks after the lease has ended gives the lock back. For that one must look: where
 * all CPUs may come to spin for the very lock with interrupts off, only perf and HPET make them,
 * and without these no lock is taken.
 *
 * Where the sources stop, for good or for a moment, the locks are closed before: none is taken, and
 * those that were come back. The end of the module and the start of a CPU both need the scheduler,
 * and would wait for ever for a lock whose lease nobody ends any more.
 *
 * Two ways to unlock, on purpose: `unlock` gives back what the hook itself took, and only that;
 * `release` ends the leak of somebody else, and only if the lock word is what the engine based its
 * proof on.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "arch.h"
#include "hook.h"

#define HELD_MAX	 8
/* All leases are over by then. */
#define CLOSED_WITHIN_NS ((DEFIB_HOOK_LEASE_MAX_MS + 100) * NSEC_PER_MSEC)

/* `address` is 0 (free), 1 (being filled or given back) or the lock's. */
static struct {
	atomic_long_t address;
	u64 until_ns;
} held[HELD_MAX];
static atomic_t closed; /* how often */

static struct hook_outcome only(u32 status)
{
	return (struct hook_outcome){.status = status};
}

static arch_spinlock_t *lock_at(unsigned long address)
{
	return (arch_spinlock_t *)address;
}

/*
 * queued_spin_trylock(), but able to bear a fault. The lock word of a raw_spinlock_t is its first
 * member in every configuration (raw_lock).
 */
static struct hook_outcome take(unsigned long address)
{
	u32 found;

	if (arch_compare_and_set32(address, 0, _Q_LOCKED_VAL, &found))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	if (found)
		return (struct hook_outcome){DEFIB_HOOK_STATUS_NONE, {found}};
	return only(DEFIB_HOOK_STATUS_DONE);
}

struct hook_outcome hook_trylock(unsigned long address, u64 lease_ms, u64 now_ns)
{
	struct hook_outcome outcome;
	int i;

	if (!lease_ms || lease_ms > DEFIB_HOOK_LEASE_MAX_MS)
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	if (!hook_looks_are_sure())
		return only(DEFIB_HOOK_STATUS_UNSUPPORTED);
	if (!hook_is_kernel_data(address, sizeof(u32), HOOK_WRITE))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	for (i = 0; i < HELD_MAX; i++)
		if (atomic_long_cmpxchg(&held[i].address, 0, 1) == 0)
			break;
	if (i == HELD_MAX)
		return only(DEFIB_HOOK_STATUS_FULL);
	/*
	 * Either this sees that they are closed, or who closes them sees the place in use: a
	 * cmpxchg that succeeded orders what is before and after it.
	 */
	outcome = atomic_read(&closed) ? only(DEFIB_HOOK_STATUS_NONE) : take(address);
	held[i].until_ns = now_ns + lease_ms * NSEC_PER_MSEC;
	atomic_long_set_release(&held[i].address,
				outcome.status == DEFIB_HOOK_STATUS_DONE ? address : 0);
	return outcome;
}

/*
 * Whoever turns the address into 1 is the one who unlocks, if the lease, which may be another's by
 * now, is over.
 */
static bool give_back(int i, unsigned long address, u64 now_ns)
{
	if (atomic_long_cmpxchg(&held[i].address, address, 1) != address)
		return false;
	if (now_ns < held[i].until_ns) {
		atomic_long_set_release(&held[i].address, address);
		return false;
	}
	arch_spin_unlock(lock_at(address));
	atomic_long_set_release(&held[i].address, 0);
	return true;
}

struct hook_outcome hook_unlock(unsigned long address)
{
	int i;

	for (i = 0; address > 1 && i < HELD_MAX; i++)
		if (give_back(i, address, U64_MAX))
			return only(DEFIB_HOOK_STATUS_DONE);
	return only(DEFIB_HOOK_STATUS_NOT_HELD);
}

struct hook_outcome hook_release(unsigned long address, u32 word, u32 mask)
{
	u32 found, unchanged;
	int i;

	if (!(word & mask & _Q_LOCKED_MASK) || word & ~mask)
		return only(DEFIB_HOOK_STATUS_BAD_ARGUMENT);
	if (!hook_is_kernel_data(address, sizeof(u32), HOOK_WRITE))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	for (i = 0; i < HELD_MAX; i++)
		if (atomic_long_read(&held[i].address) == address)
			return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	if (copy_from_kernel_nofault(&found, (void *)address, sizeof(found)))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	if ((found & mask) != word)
		return (struct hook_outcome){DEFIB_HOOK_STATUS_CHANGED, {found}};
	/* That it can be written is shown by writing what is there; arch_spin_unlock() cannot fail.
	 */
	if (arch_compare_and_set32(address, found, found, &unchanged))
		return only(DEFIB_HOOK_STATUS_FORBIDDEN);
	if ((unchanged & mask) != word)
		return (struct hook_outcome){DEFIB_HOOK_STATUS_CHANGED, {unchanged}};
	arch_spin_unlock(lock_at(address));
	return (struct hook_outcome){DEFIB_HOOK_STATUS_DONE, {unchanged}};
}

void hook_expire_locks(u64 now_ns)
{
	int i;

	for (i = 0; i < HELD_MAX; i++) {
		unsigned long address = atomic_long_read_acquire(&held[i].address);

		if (address > 1 && now_ns >= READ_ONCE(held[i].until_ns))
			give_back(i, address, now_ns);
	}
}

/* The sources run while it waits: who waits for a lock that is held looks. */
void hook_locks_close(void)
{
	u64 since_ns = ktime_get_mono_fast_ns();
	u64 now_ns = since_ns;

	atomic_inc(&closed);
	smp_mb__after_atomic(); /* with the cmpxchg in hook_trylock() */
	while (hook_locks_held() && now_ns - since_ns < CLOSED_WITHIN_NS) {
		hook_expire_locks(now_ns);
		usleep_range(500, 1000);
		now_ns = ktime_get_mono_fast_ns();
	}
}

void hook_locks_open(void)
{
	atomic_dec(&closed);
}

unsigned int hook_locks_held(void)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < HELD_MAX; i++)
		n += atomic_long_read(&held[i].address) != 0;
	return n;
}
