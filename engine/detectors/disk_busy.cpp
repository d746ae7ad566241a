// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A disk that has more to do than it can, and who gives it that.
//
// That a disk is busy all the time is no fault, and that tasks wait for it is what disks are for: a
// machine that copies files has both. It is one from the time on that a request takes: where the
// average one waits for long while the disk never rests, whoever asks next waits as long, be it the
// administrator's shell. How busy it was, how many requests it has served and how long these took
// it counts itself (io_ticks, ios and nsecs of disk_stats; update_io_ticks(),
// blk_account_io_done()).
//
// The culprits are tasks by what they read and write (task_io_accounting, at submit_bio() for reads
// and as pages get dirty for writes): pages, and pages a second. Pages that swap takes are
// nobody's.
#include "engine/detectors/growth.h"
#include "engine/kernel/block.h"
#include "engine/kernel/lists.h"
#include "engine/kernel/pressure.h"

kernel_struct task_io_accounting {
    u64 read_bytes;
    u64 write_bytes;
};
kernel_struct task_struct___io {
    task_io_accounting ioac;
};

namespace {

constexpr u64 STEP_NS = 1000 * NS_A_MS;  // what is measured at a time
constexpr u32 MOST_DISKS = 12;
constexpr u64 PAGE_SHIFT = 12;
constexpr u32 MINOR_BITS = 20;
constexpr u32 GROUPS = 3;  // of requests: read, write, discard; a flush belongs to one of them

struct DiskSeen {
    u64 disk;  // 0: a free place
    u64 since_ns;
    u64 ticks;  // all that it has counted, at the begin of the step
    u64 requests;
    u64 spent_ns;
    u32 busy_percent;  // of the last step
    u32 wait_ms;
    u32 a_second;
    u32 number;  // major and minor
    u32 step;    // the last one that saw it
};
struct DiskWatch {
    u64 step_ns;  // its begin
    u32 steps;
    u32 looks;
    u32 iowait;          // sum over the looks, percent
    u32 iowait_percent;  // of the last step
    DiskSeen disks[MOST_DISKS];
    SizeWatch sizes;
};

struct Counts {
    u64 ticks;
    u64 requests;
    u64 spent_ns;
};
Counts counts_of(kp<block_device> device) {
    Counts all = {0, 0, 0};
    for (const u32 cpu : possible_cpus()) {
        const auto part = per_cpu_at(device->bd_stats, cpu);
        all.ticks += part->io_ticks;
        for (u32 group = 0; group < GROUPS; ++group) {
            all.requests += part->ios[group];
            all.spent_ns += part->nsecs[group];
        }
    }
    return all;
}

// Its place; MOST_DISKS: all are taken by others.
u32 place_of(DiskWatch* watch, u64 disk) {
    u32 free = MOST_DISKS;
    for (u32 at = 0; at < MOST_DISKS; ++at) {
        if (watch->disks[at].disk == disk) return at;
        if (free == MOST_DISKS && watch->disks[at].disk == 0) free = at;
    }
    return free;
}

void end_step(DiskWatch* watch, kp<block_device> device, u64 past_ns, u32 busy_percent,
              u32 wait_ms) {
    const kp<gendisk> disk = device->bd_disk;
    const Counts is = counts_of(device);
    if (is.requests == 0) return;
    const u32 at = place_of(watch, address_of(disk));
    if (at == MOST_DISKS) return;
    if (watch->disks[at].disk != 0) {
        const u64 busy_ns = (is.ticks - watch->disks[at].ticks) * *symbol(u64, tick_nsec);
        const u64 served = is.requests - watch->disks[at].requests;
        const u64 spent_ns = is.spent_ns - watch->disks[at].spent_ns;
        const u64 percent = busy_ns * 100 / past_ns;
        watch->disks[at].busy_percent = static_cast<u32>(percent > 100 ? 100 : percent);
        watch->disks[at].wait_ms = served == 0 ? 0 : static_cast<u32>(spent_ns / served / NS_A_MS);
        watch->disks[at].a_second = static_cast<u32>(served * 1000 / (past_ns / NS_A_MS));
        watch->disks[at].since_ns =
            since(watch->disks[at].since_ns, watch->disks[at].busy_percent >= busy_percent &&
                                                 watch->disks[at].wait_ms >= wait_ms);
    }
    watch->disks[at].disk = address_of(disk);
    watch->disks[at].step = watch->steps;
    watch->disks[at].number =
        static_cast<u32>(disk->major) << MINOR_BITS | static_cast<u32>(disk->first_minor);
    watch->disks[at].ticks = is.ticks;
    watch->disks[at].requests = is.requests;
    watch->disks[at].spent_ns = is.spent_ns;
}

void look_at_disks(DiskWatch* watch, u32 busy_percent, u32 wait_ms) {
    const u64 past_ns = now() - watch->step_ns;
    watch->step_ns = now();
    watch->steps += 1;
    watch->iowait_percent = watch->iowait / watch->looks;
    watch->looks = 0;
    watch->iowait = 0;
    const auto devices = *symbol(kp<super_block>, blockdev_superblock);
    for (auto node : list_of(inode, i_sb_list, &devices->s_inodes)) {
        const auto device = &container_of(node, bdev_inode, vfs_inode)->bdev;
        const auto disk = device->bd_disk;
        // Partitions have devices too; so does the file system's own root, which is no disk's.
        if (disk != nullptr && disk->part0 == device)
            end_step(watch, device, past_ns, busy_percent, wait_ms);
    }
    // One that was taken out.
    for (u32 at = 0; at < MOST_DISKS; ++at) {
        if (watch->disks[at].step == watch->steps) continue;
        watch->disks[at].disk = 0;
        watch->disks[at].since_ns = 0;
    }
}

void look_at_tasks(DiskWatch* watch) {
    if (!exists(task_struct___io, ioac)) return;
    const u64 past_ms = begin_sizes(&watch->sizes);
    if (past_ms == 0) return;
    for_each_thread([&](kp<task_struct> task) {
        const auto io = pointer_from<task_struct___io>(address_of(task));
        const u64 pages = (io->ioac.read_bytes + io->ioac.write_bytes) >> PAGE_SHIFT;
        if (pages != 0) take_size(&watch->sizes, task, pages, past_ms);
    });
}

void report_disk(DiskWatch* watch, u32 at) {
    const auto finding =
        report(DEFIB_FAULT_DISK_BUSY, watch->disks[at].number, watch->disks[at].since_ns);
    finding->evidence[0] = watch->disks[at].number;
    finding->evidence[1] = watch->disks[at].busy_percent;
    finding->evidence[2] = watch->disks[at].wait_ms;
    finding->evidence[3] = watch->disks[at].a_second;
    finding->evidence[4] = watch->iowait_percent;
    name_fastest(finding, &watch->sizes);
}

}  // namespace

DETECTOR(disk_busy, SUMMARY("a disk that makes whoever asks it wait for long, and who asks"),
         PERIOD_MS(50), FUEL(4000000))
(u32 busy_percent, u32 wait_ms, u32 window_ms) {
    const auto watch = remember<DiskWatch>();
    if (has_panicked()) return;
    watch->looks += 1;
    watch->iowait += iowait_percent();
    if (now() - watch->step_ns >= STEP_NS) look_at_disks(watch, busy_percent, wait_ms);
    for (u32 at = 0; at < MOST_DISKS; ++at) {
        if (watch->disks[at].since_ns == 0) continue;
        look_at_tasks(watch);
        if (has_held(watch->disks[at].since_ns, window_ms)) report_disk(watch, at);
    }
}
