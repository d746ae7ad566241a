// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * A look: what a CPU does each time a source makes it come by. It writes its beat, ends leases that
 * are over, and takes requests out of the ring.
 *
 * A look happens in an NMI or in a timer interrupt, on every CPU, and on one CPU the NMI can
 * interrupt the timer's look: the second one then does nothing (`inside`), so a look never runs
 * inside of another, and a CPU's beat has one writer.
 *
 * Nothing in the ring is believed. A request is copied once, word by word, while the slot is taken
 * (`job->taken`, the module's own word), and what is checked and done is the copy. The other side
 * may write what it likes meanwhile: it gets an answer to one sequence number, or to another.
 */
#include <linux/irqflags.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "arch.h"
#include "hook.h"

struct serving {
	bool inside;
	u64 last_ns;
	u64 beats;
	u64 beats_irqs_off;
	u64 nmis;
	u64 served;
	u64 refused;
	u64 malformed;
	u64 spent_ns;
	u64 longest_ns;
};

static DEFINE_PER_CPU(struct serving, serving);
static struct hook_job jobs[DEFIB_HOOK_SLOTS];

struct kind {
	enum { HERE, IRQ, WORK } where;
	unsigned int arguments;
};

/* clang-format off */
#define KIND(name, number, where, arguments, text) [(number)] = { (where), (arguments) },
static const struct kind kinds[] = { DEFIB_HOOK_KIND_LIST(KIND) };
/* clang-format on */

static bool was_copied(struct DefibHookRequest *copy, const struct DefibHookRequest *from)
{
	unsigned int i;

	/* Who sees the number sees what was stored before it. */
	copy->sequence = smp_load_acquire(&from->sequence);
	copy->kind = READ_ONCE(from->kind);
	copy->cpu = READ_ONCE(from->cpu);
	copy->attempts = READ_ONCE(from->attempts);
	for (i = 0; i < DEFIB_HOOK_ARGUMENTS; i++)
		copy->arguments[i] = READ_ONCE(from->arguments[i]);
	copy->sum = READ_ONCE(from->sum);
	smp_rmb(); /* a slot that is being filled again shows it by its number */
	return copy->sequence == READ_ONCE(from->sequence);
}

static u32 fault_of(const struct DefibHookRequest *request, unsigned int slot)
{
	unsigned int i;

	if (request->sum != defib_hook_request_sum(request, hook_ring_load(), slot))
		return DEFIB_HOOK_STATUS_BAD_SUM;
	if (!request->kind || request->kind >= ARRAY_SIZE(kinds))
		return DEFIB_HOOK_STATUS_BAD_KIND;
	if (!request->attempts || request->attempts > DEFIB_HOOK_ATTEMPTS_MAX)
		return DEFIB_HOOK_STATUS_BAD_ARGUMENT;
	for (i = kinds[request->kind].arguments; i < DEFIB_HOOK_ARGUMENTS; i++)
		if (request->arguments[i])
			return DEFIB_HOOK_STATUS_BAD_ARGUMENT;
	if (request->kind == DEFIB_HOOK_RESCHEDULE && request->cpu == DEFIB_HOOK_ANY_CPU)
		return DEFIB_HOOK_STATUS_BAD_ARGUMENT;
	if (request->cpu != DEFIB_HOOK_ANY_CPU &&
	    (request->cpu >= nr_cpu_ids || !cpu_online(request->cpu)))
		return DEFIB_HOOK_STATUS_NO_CPU;
	return DEFIB_HOOK_STATUS_NONE;
}

static void count(u32 status)
{
	switch (status) {
	case DEFIB_HOOK_STATUS_DONE:
		this_cpu_inc(serving.served);
		return;
	case DEFIB_HOOK_STATUS_BAD_SUM:
	case DEFIB_HOOK_STATUS_BAD_KIND:
	case DEFIB_HOOK_STATUS_BAD_ARGUMENT:
		this_cpu_inc(serving.malformed);
		return;
	}
	this_cpu_inc(serving.refused);
}

/* The answer, and last its number; then the slot is free. */
void hook_answer_job(struct hook_job *job, const struct hook_outcome *outcome)
{
	struct DefibHookAnswer *answer = hook_answer(job->slot);

	WRITE_ONCE(answer->status, outcome->status);
	WRITE_ONCE(answer->value[0], outcome->value[0]);
	WRITE_ONCE(answer->value[1], outcome->value[1]);
	WRITE_ONCE(answer->time_ns, ktime_get_mono_fast_ns());
	WRITE_ONCE(answer->cpu, raw_smp_processor_id());
	WRITE_ONCE(answer->flags, job->flags);
	/* Who sees the number sees the answer. */
	smp_store_release(&answer->sequence, job->request.sequence);
	count(outcome->status);
	WRITE_ONCE(job->answered, job->request.sequence);
	atomic_set_release(&job->taken, 0);
}

/* Another attempt is due, unless all are used up. */
static void put_back(struct hook_job *job, struct hook_outcome *outcome, u32 last_words)
{
	if (job->attempts_of != job->request.sequence) {
		job->attempts_of = job->request.sequence;
		job->attempts = 0;
	}
	if (++job->attempts < job->request.attempts) {
		atomic_set_release(&job->taken, 0);
		return;
	}
	outcome->status = last_words;
	hook_answer_job(job, outcome);
}

static void serve(struct hook_job *job, const struct hook_look *look)
{
	struct hook_outcome outcome = {};
	const struct kind *kind;

	job->flags = look->flags;
	outcome.status = fault_of(&job->request, job->slot);
	if (outcome.status != DEFIB_HOOK_STATUS_NONE) {
		hook_answer_job(job, &outcome);
		return;
	}
	kind = &kinds[job->request.kind];
	if (kind->where == HERE) {
		outcome = hook_do_now(&job->request, look);
		if (outcome.status == DEFIB_HOOK_STATUS_NONE)
			put_back(job, &outcome, DEFIB_HOOK_STATUS_BUSY);
		else
			hook_answer_job(job, &outcome);
		return;
	}
	/* Deferred work would stay pending here for as long as interrupts are off. */
	if (look->flags & DEFIB_HOOK_IRQS_OFF)
		put_back(job, &outcome, DEFIB_HOOK_STATUS_NO_CPU);
	else
		hook_later_queue(job);
}

/* One for a CPU that is not there is anybody's, to refuse. */
static bool is_for(unsigned int me, u32 cpu)
{
	return cpu == me || cpu >= nr_cpu_ids || !cpu_online(cpu);
}

static void take_requests(const struct hook_look *look)
{
	unsigned int me = smp_processor_id();
	unsigned int slot;

	for (slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
		const struct DefibHookRequest *from = hook_request(slot);
		struct hook_job *job = &jobs[slot];
		u32 sequence = READ_ONCE(from->sequence);

		if (!sequence || sequence == READ_ONCE(job->answered))
			continue;
		if (!is_for(me, READ_ONCE(from->cpu)))
			continue;
		if (atomic_cmpxchg_acquire(&job->taken, 0, 1))
			continue;
		if (was_copied(&job->request, from) && is_for(me, job->request.cpu) &&
		    job->request.sequence && job->request.sequence != job->answered)
			serve(job, look);
		else
			atomic_set_release(&job->taken, 0);
	}
}

static void copy_counters(const struct serving *from, struct DefibHookBeat *into)
{
	WRITE_ONCE(into->beats, from->beats);
	WRITE_ONCE(into->beats_irqs_off, from->beats_irqs_off);
	WRITE_ONCE(into->nmis, from->nmis);
	WRITE_ONCE(into->served, from->served);
	WRITE_ONCE(into->refused, from->refused);
	WRITE_ONCE(into->malformed, from->malformed);
	WRITE_ONCE(into->spent_ns, from->spent_ns);
	WRITE_ONCE(into->longest_ns, from->longest_ns);
}

void hook_read_counters(unsigned int cpu, struct DefibHookBeat *into)
{
	copy_counters(per_cpu_ptr(&serving, cpu), into);
}

u64 hook_last_look_ns(unsigned int cpu)
{
	return READ_ONCE(per_cpu_ptr(&serving, cpu)->last_ns);
}

/* What user code has in its registers is nobody's business. */
static void write_registers(const struct pt_regs *regs, u32 flags, struct DefibHookBeat *beat)
{
	const unsigned long *from = (const unsigned long *)regs;
	bool is_kernels = regs && !(flags & DEFIB_HOOK_USER);
	unsigned int i;

	static_assert(sizeof(beat->registers) <= offsetof(struct pt_regs, ARCH_REGISTERS_END));
	for (i = 0; i < DEFIB_HOOK_REGISTERS; i++)
		WRITE_ONCE(beat->registers[i], is_kernels ? from[i] : 0);
}

static void write_beat(const struct hook_look *look)
{
	struct DefibHookBeat *beat = hook_beat(smp_processor_id());
	struct serving *mine = this_cpu_ptr(&serving);
	u32 number;

	WRITE_ONCE(mine->last_ns, look->now_ns);
	mine->beats++;
	mine->beats_irqs_off += !!(look->flags & DEFIB_HOOK_IRQS_OFF);
	mine->nmis += !(look->flags & (DEFIB_HOOK_SOURCE_TICK | DEFIB_HOOK_SOURCE_OTHER));
	number = (u32)mine->beats;
	WRITE_ONCE(beat->begun, number);
	smp_wmb(); /* a reader that sees a new word sees that a beat has begun */
	WRITE_ONCE(beat->time_ns, look->now_ns);
	WRITE_ONCE(beat->ip, look->regs ? instruction_pointer(look->regs) : 0);
	WRITE_ONCE(beat->sp, look->regs ? kernel_stack_pointer(look->regs) : 0);
	WRITE_ONCE(beat->task, (u64)current);
	WRITE_ONCE(beat->pid, current->pid);
	WRITE_ONCE(beat->flags, look->flags);
	write_registers(look->regs, look->flags, beat);
	copy_counters(mine, beat);
	/* Who sees the end sees all of the beat. */
	smp_store_release(&beat->ended, number);
}

void hook_look(struct pt_regs *regs, u32 source)
{
	struct hook_look look = {.regs = regs, .flags = source};
	struct serving *mine = this_cpu_ptr(&serving);
	u64 spent;

	if (mine->inside || hook_sources_are_mute())
		return;
	mine->inside = true;
	barrier();
	look.now_ns = ktime_get_mono_fast_ns();
	if (regs && !arch_irqs_were_on(regs))
		look.flags |= DEFIB_HOOK_IRQS_OFF;
	if (regs && user_mode(regs))
		look.flags |= DEFIB_HOOK_USER;
	write_beat(&look);
	hook_expire_locks(look.now_ns);
	take_requests(&look);
	spent = ktime_get_mono_fast_ns() - look.now_ns;
	mine->spent_ns += spent;
	mine->longest_ns = max(mine->longest_ns, spent);
	barrier();
	mine->inside = false;
}

void hook_serve_init(void)
{
	unsigned int slot;

	for (slot = 0; slot < DEFIB_HOOK_SLOTS; slot++) {
		jobs[slot].slot = slot;
		hook_later_init(&jobs[slot]);
	}
}

void hook_serve_exit(void)
{
	unsigned int slot;

	for (slot = 0; slot < DEFIB_HOOK_SLOTS; slot++)
		hook_later_finish(&jobs[slot]);
	hook_expire_locks(U64_MAX);
}
