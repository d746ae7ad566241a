// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib checkpoint`: one process, all of it but its memory, which is copied by way of its page
// tables (boot/salvage). Each view looks first whether it is still the process that was found.
#include "engine/kernel/process_image.h"

#include "engine/kernel/cpu.h"
#include "engine/kernel/per_cpu.h"
#include "engine/routines/frozen.h"
#include "engine/routines/views/image_records.h"
#include "engine/routines/who.h"

namespace {

constexpr u64 SIGNALS = 64;                // _NSIG
constexpr u32 RSEQ_BYTES = 32;             // sizeof(struct rseq) before it could grow
constexpr u64 MOST_DESCRIPTORS = 1 << 20;  // NR_OPEN_MAX is more; a process has not

void require_same(kp<task_struct> task, s32 pid, u64 start_ns) {
    if (!is_same(task, pid, start_ns)) give_up(DEFIB_REASON_GONE);
    if ((task->flags & constant(PF_KTHREAD)) != 0) give_up(DEFIB_REASON_KERNEL_THREAD);
}

// The first thread that has not let go of its memory and files: main() may have ended, and the
// process goes on (exit_mm(), exit_files()).
kp<task_struct> thread_with_memory(kp<task_struct> task) {
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head))
        if (thread->mm != nullptr) return thread;
    give_up(DEFIB_REASON_EXITING);
}

DefibPlace place_of(kp<const path> where) {
    const auto mnt = where->mnt;
    if (mnt == nullptr) return {0, 0};
    return {address_of(container_of(mnt, mount, mnt)), address_of(where->dentry)};
}

u64 word_at(u64 address) {
    return *pointer_from<const u64>(address);
}

s32 number_of(kp<pid> number) {
    return number == nullptr ? 0 : number->numbers[0].nr;
}

void take_memory(DefibImageRecord* record, kp<mm_struct___image> mm) {
    record->page_table = address_of(mm->pgd);
    record->start_code = mm->start_code;
    record->end_code = mm->end_code;
    record->start_data = mm->start_data;
    record->end_data = mm->end_data;
    record->start_brk = mm->start_brk;
    record->brk = mm->brk;
    record->start_stack = mm->start_stack;
    record->arg_start = mm->arg_start;
    record->arg_end = mm->arg_end;
    record->env_start = mm->env_start;
    record->env_end = mm->env_end;
    record->areas = static_cast<u64>(mm->map_count);
    const u64 words = size_of(mm_struct___image, saved_auxv) / 8;
    const u64 at = address_of(&mm->saved_auxv[0]);
    for (u64 i = 0; i < words && i < DEFIB_IMAGE_AUXV; ++i) record->auxv[i] = word_at(at + i * 8);
    if (const auto program = mm->exe_file; program != nullptr)
        record->program = place_of(&program->f_path);
}

void take_rights(DefibImageRecord* record, kp<cred___image> rights) {
    record->uid[0] = rights->uid.val;
    record->uid[1] = rights->euid.val;
    record->uid[2] = rights->suid.val;
    record->uid[3] = rights->fsuid.val;
    record->gid[0] = rights->gid.val;
    record->gid[1] = rights->egid.val;
    record->gid[2] = rights->sgid.val;
    record->gid[3] = rights->fsgid.val;
    record->securebits = rights->securebits;
    record->capabilities[0] = word_at(address_of(&rights->cap_inheritable));
    record->capabilities[1] = word_at(address_of(&rights->cap_permitted));
    record->capabilities[2] = word_at(address_of(&rights->cap_effective));
    record->capabilities[3] = word_at(address_of(&rights->cap_bset));
    record->capabilities[4] = word_at(address_of(&rights->cap_ambient));
}

// A list that is empty has no first, or leads back to itself.
u32 timers_of(kp<signal_struct___image> signal) {
    const u64 list = address_of(signal) + offset_of(signal_struct___image, posix_timers);
    const u64 first = word_at(list);
    u32 timers = first != 0 && first != list ? DEFIB_TIMER_POSIX : 0;
    // HRTIMER_STATE_ENQUEUED
    if ((signal->real_timer.state & 1) != 0) timers |= DEFIB_TIMER_REAL;
    if (signal->it[0].expires != 0 || signal->it[1].expires != 0) timers |= DEFIB_TIMER_CPU;
    return timers;
}

// The CPU that panics is in the kernel, and the others come there by an interrupt, which leaves
// their registers on the stack; then they are no longer online (stop_this_cpu()).
bool was_stopped(kp<task_struct> thread) {
    if (!has_panicked()) return false;
    const u32 cpu = thread->thread_info.cpu;
    if (cpu == static_cast<u32>(symbol(atomic_t, panic_cpu)->counter)) return true;
    for (const u32 online : online_cpus())
        if (online == cpu) return false;
    return true;
}

void take_fpu(DefibImageThreadRecord* record, kp<task_struct> thread) {
    const auto state = image_of(thread)->thread.fpu.fpstate;
    if (state == nullptr) return;
    record->fpu = address_of(&state->regs);
    record->fpu_size = state->user_size;
    record->fpu_features = state->user_xfeatures;
    // Saved when it leaves its CPU (switch_fpu_prepare()), or before, and then it is so marked.
    const u64 is_saved = u64{1} << constant(TIF_NEED_FPU_LOAD);
    if ((record->flags & DEFIB_THREAD_RUNS) == 0 || (thread->thread_info.flags & is_saved) != 0)
        record->flags |= DEFIB_THREAD_HAS_FPU;
}

// What the kernel does for a thread at its end and when it is interrupted, and may not.
void take_duties(DefibImageThreadRecord* record, kp<task_struct___image> thread) {
    record->robust_list = address_of(thread->robust_list);
    record->clear_tid = address_of(thread->clear_child_tid);
    record->rseq = address_of(thread->rseq);
    record->rseq_size = exists(task_struct___image, rseq_len) ? thread->rseq_len : RSEQ_BYTES;
    record->rseq_signature = thread->rseq_sig;
    record->realtime_priority = thread->rt_priority;
    record->filter = static_cast<u32>(thread->seccomp.mode);
    record->has_no_new_rights = static_cast<u32>(thread->atomic_flags & 1);  // PFA_NO_NEW_PRIVS
}

void take_registers(DefibImageThreadRecord* record, kp<task_struct> thread) {
    const u64 at = user_registers_of(thread);
    if (at == 0) return;
    record->has_registers = 1;
    for (u32 i = 0; i < DEFIB_IMAGE_REGISTERS; ++i) record->registers[i] = stack_word(at + i * 8);
}

}  // namespace

VIEW(image, SUMMARY("a process: memory's bounds, credentials, limits, folders"), FUEL(400000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_same(task, pid, start_ns);
    const auto thread = thread_with_memory(task);
    const auto image = image_of(thread);
    const auto record = emit<DefibImageRecord>(DEFIB_RECORD_IMAGE);
    record->task = address_of(thread);
    record->pid = task->tgid;
    record->parent = task->real_parent->tgid;
    record->has_panicked = has_panicked() ? 1 : 0;
    take_memory(record, image->mm);
    take_rights(record, image->real_cred);
    const auto signal = task->signal;
    record->pending = signal->shared_pending.signal.sig[0];
    for (u32 i = 0; i < DEFIB_IMAGE_LIMITS; ++i) {
        record->limits[i] = signal->rlim[i].rlim_cur;
        record->hard_limits[i] = signal->rlim[i].rlim_max;
    }
    const auto numbers = image->signal;
    record->group = number_of(numbers->pids[static_cast<u64>(enum_value(pid_type, PIDTYPE_PGID))]);
    record->session = number_of(numbers->pids[static_cast<u64>(enum_value(pid_type, PIDTYPE_SID))]);
    record->timers = timers_of(numbers);
    record->timer_interval_ns = static_cast<u64>(numbers->it_real_incr);
    const auto first = image_of(symbol(task_struct, init_task));
    record->has_name_spaces = image->nsproxy != first->nsproxy ? 1 : 0;
    if (const auto where = image->fs; where != nullptr) {
        record->root = place_of(&where->root);
        record->folder = place_of(&where->pwd);
        record->umask = static_cast<u32>(where->umask);
    }
    if (const auto files = image->files; files != nullptr)
        record->descriptors = files->fdt->max_fds;
}

// Where each thread's view has the thread, this has nothing: they are given the same arguments.
COLLECTOR(image_threads, SUMMARY("the threads of a process, whatever it is"), FUEL(400000))
(u64 /*nothing*/, kp<task_struct> task, s32 pid, u64 start_ns) {
    require_same(task, pid, start_ns);
    for (auto thread : list_of(task_struct, thread_node, &task->signal->thread_head))
        emit_pointer(thread);
}

VIEW(image_thread, SUMMARY("one thread of a process: registers, signals"), OF_EACH(image_threads),
     FUEL(4000))
(kp<task_struct> thread, kp<task_struct> task, s32 pid, u64 start_ns) {
    require_same(task, pid, start_ns);
    if (thread->signal != task->signal) give_up(DEFIB_REASON_GONE);
    const auto image = image_of(thread);
    const auto record = emit<DefibImageThreadRecord>(DEFIB_RECORD_IMAGE_THREAD);
    record->task = address_of(thread);
    record->pid = thread->pid;
    record->state = thread->__state;
    record->task_flags = thread->flags;
    record->cpu = thread->thread_info.cpu;
    for (u32 i = 0; i < sizeof(record->comm); ++i) record->comm[i] = thread->comm[i];
    if (thread->on_cpu != 0) record->flags |= DEFIB_THREAD_RUNS;
    if (thread->on_cpu != 0 && was_stopped(thread)) record->flags |= DEFIB_THREAD_WAS_STOPPED;
    if (is_frozen(thread)) record->flags |= DEFIB_THREAD_IS_FROZEN;
    if (has_ended(thread)) record->flags |= DEFIB_THREAD_HAS_ENDED;
    record->blocked = bits(image, task_struct___image, restore_sigmask) != 0
                          ? image->saved_sigmask.sig[0]
                          : thread->blocked.sig[0];
    record->pending = thread->pending.signal.sig[0];
    record->signal_stack = image->sas_ss_sp;
    record->signal_stack_size = image->sas_ss_size;
    record->signal_stack_flags = image->sas_ss_flags;
    take_duties(record, image);
    record->policy = thread->policy;
    record->nice = thread->static_prio - static_cast<s32>(constant(DEFAULT_PRIO));
    record->utime_ns = thread->utime;
    record->stime_ns = thread->stime;
    record->fs_base = image->thread.fsbase;
    record->gs_base = image->thread.gsbase;
    record->ds = image->thread.ds;
    record->es = image->thread.es;
    record->fs = image->thread.fsindex;
    record->gs = image->thread.gsindex;
    if ((record->flags & DEFIB_THREAD_HAS_ENDED) != 0) return;
    take_registers(record, thread);
    take_fpu(record, thread);
}

// In order of address, from one on. A process may have more than fit at once.
VIEW(image_areas, SUMMARY("the mappings of a process, from an address on"), FUEL(100000000))
(kp<task_struct> task, s32 pid, u64 start_ns, u64 from) {
    require_same(task, pid, start_ns);
    const auto tree = &image_of(thread_with_memory(task))->mm->mm_mt;
    MapleEntry at{nullptr, from == 0 ? ~u64{0} : from - 1};
    for (u32 count = 0; count < DEFIB_AREAS_AT_ONCE;) {
        if (count != 0 && at.last == ~u64{0}) break;
        at = maple_at(tree, at.last + 1);
        if (at.entry == nullptr) {
            if (at.last == ~u64{0}) break;
            continue;
        }
        ++count;
        const auto area = pointer_from<vm_area_struct>(address_of(at.entry));
        const auto record = emit<DefibImageAreaRecord>(DEFIB_RECORD_IMAGE_AREA);
        record->first = area->vm_start;
        record->end = area->vm_end;
        record->flags = area->vm_flags;
        record->page_index = area->vm_pgoff;
        const auto mapped = area->vm_file;
        record->file = address_of(mapped);
        if (mapped == nullptr) continue;
        record->place = place_of(&mapped->f_path);
        const auto node = mapped->f_inode;
        record->inode = address_of(node);
        record->number = node->i_ino;
        record->size = node->i_size;
        record->kind = node->i_mode;
        record->links = node->i_nlink;
        record->written_ns = written_at(node);
    }
}

VIEW(image_files, SUMMARY("the open files of a process, from a descriptor on"), FUEL(100000000))
(kp<task_struct> task, s32 pid, u64 start_ns, u64 from) {
    require_same(task, pid, start_ns);
    const auto files = image_of(thread_with_memory(task))->files;
    if (files == nullptr) return;
    const auto table = files->fdt;
    const u64 room = table->max_fds;
    const auto slots = table->fd;
    const auto marks = table->close_on_exec;
    u32 count = 0;
    for (u64 i = from; i < room && i < MOST_DESCRIPTORS; ++i) {
        const kp<file> open = slots[i];
        if (open == nullptr) continue;
        const auto record = emit<DefibImageFileRecord>(DEFIB_RECORD_IMAGE_FILE);
        record->place = place_of(&open->f_path);
        record->file = address_of(open);
        record->descriptor = static_cast<u32>(i);
        record->flags = open->f_flags;
        record->offset = open->f_pos;
        record->closes_on_exec = static_cast<u32>((marks[i / 64] >> (i % 64)) & 1);
        if (const auto node = open->f_inode; node != nullptr) {
            record->inode = address_of(node);
            record->number = node->i_ino;
            record->kind = node->i_mode;
            record->size = node->i_size;
            record->device = node->i_rdev;
            record->links = node->i_nlink;
            record->written_ns = written_at(node);
            copy_text(record->type, node->i_sb->s_type->name);
        }
        if (++count == DEFIB_FILES_OF_PROCESS_AT_ONCE) break;
    }
}

VIEW(image_signals, SUMMARY("what a process does about signals"), FUEL(20000))
(kp<task_struct> task, s32 pid, u64 start_ns) {
    require_same(task, pid, start_ns);
    const auto handlers = image_of(thread_with_memory(task))->sighand;
    for (u64 i = 0; i < SIGNALS; ++i) {
        const auto one = element(k_sigaction, &handlers->action[0], i);
        const u64 handler = one->sa.sa_handler;
        const u64 flags = one->sa.sa_flags;
        if (handler == 0 && flags == 0) continue;
        const auto record = emit<DefibImageSignalRecord>(DEFIB_RECORD_IMAGE_SIGNAL);
        record->number = static_cast<u32>(i + 1);
        record->handler = handler;
        record->flags = flags;
        record->restorer = one->sa.sa_restorer;
        record->mask = one->sa.sa_mask.sig[0];
    }
}

VIEW(image_groups, SUMMARY("a process' further groups, from one on"), FUEL(20000))
(kp<task_struct> task, s32 pid, u64 start_ns, u64 from) {
    require_same(task, pid, start_ns);
    const auto groups = image_of(thread_with_memory(task))->real_cred->group_info;
    if (groups == nullptr) return;
    const auto all = static_cast<u32>(groups->ngroups);
    const auto record = emit<DefibImageGroupsRecord>(DEFIB_RECORD_IMAGE_GROUPS);
    record->first = static_cast<u32>(from);
    record->all = all;
    const u64 start = address_of(&groups->gid[0]);
    for (u32 i = 0; i < DEFIB_GROUPS_AT_ONCE && from + i < all; ++i) {
        record->gid[i] = *pointer_from<const u32>(start + (from + i) * 4);
        record->count = i + 1;
    }
}
