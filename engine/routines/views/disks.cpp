// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib stat`: the disks, as /proc/diskstats shows whole ones (diskstats_show() in block/genhd.c).
#include "engine/kernel/block.h"
#include "engine/kernel/lists.h"
#include "engine/kernel/per_cpu.h"
#include "engine/kernel/xarray.h"
#include "engine/routines/views/disk_records.h"

namespace {

constexpr u64 MOST_WORDS = 1024;  // of tags: blk-mq has at most 10240, in words of at least 16
constexpr u64 DATA_DIRECTIONS = 2;

u64 tags_in_flight(kp<request_queue> queue, kp<blk_mq_tags> tags) {
    const auto in_flight = static_cast<u32>(enum_value(mq_rq_state, MQ_RQ_IN_FLIGHT));
    const u64 shift = tags->bitmap_tags.sb.shift & 63;
    const u64 words = tags->bitmap_tags.sb.map_nr;
    u64 count = 0;
    for (u64 i = 0; i < words && i < MOST_WORDS; ++i) {
        const auto word = element(sbitmap_word, tags->bitmap_tags.sb.map, i);
        u64 taken = word->word & ~word->cleared;
        for (u64 bit = 0; taken != 0; ++bit, taken >>= 1) {
            if ((taken & 1) == 0) continue;
            // Queues that share their tags take turns.
            const kp<request> one = tags->rqs[(i << shift) | bit];
            if (one == nullptr || one->q != queue || one->part == nullptr) continue;
            if (one->state == in_flight) ++count;
        }
    }
    return count;
}

// A queue of requests counts none of them; they are looked for (blk_mq_in_flight()).
u64 requests_in_flight(kp<request_queue> queue) {
    u64 count = 0;
    for (auto hardware : xarray_of(blk_mq_hw_ctx, &queue->hctx_table))
        count += tags_in_flight(queue, hardware->tags);
    return count;
}

void add(DefibDiskRecord* record, u32 kind, kp<disk_stats> part, u64 group) {
    record->requests[kind] += part->ios[group];
    record->merged[kind] += part->merges[group];
    record->sectors[kind] += part->sectors[group];
    record->spent_ns[kind] += part->nsecs[group];
}

}  // namespace

COLLECTOR(disks, SUMMARY("every disk"), FUEL(400000))() {
    const auto devices = *symbol(kp<super_block>, blockdev_superblock);
    for (auto node : list_of(inode, i_sb_list, &devices->s_inodes)) {
        const auto device = &container_of(node, bdev_inode, vfs_inode)->bdev;
        const auto disk = device->bd_disk;
        // Partitions have devices too; so does the file system's own root, which is no disk's.
        if (disk != nullptr && disk->part0 == device) emit_pointer(disk);
    }
}

VIEW(disk, SUMMARY("what one disk has done"), OF_EACH(disks), FUEL(100000))(kp<gendisk> disk) {
    const auto device = disk->part0;
    const auto record = emit<DefibDiskRecord>(DEFIB_RECORD_DISK);
    record->disk = address_of(disk);
    record->major = disk->major;
    record->minor = disk->first_minor;
    record->size_sectors = device->bd_nr_sectors;
    for (u32 i = 0; i < sizeof(record->name); ++i) record->name[i] = disk->disk_name[i];

    u64 ticks = 0;
    u64 in_flight = 0;
    for (const u32 cpu : possible_cpus()) {
        const auto part = per_cpu_at(device->bd_stats, cpu);
        add(record, DEFIB_DISK_READ, part, static_cast<u64>(enum_value(stat_group, STAT_READ)));
        add(record, DEFIB_DISK_WRITE, part, static_cast<u64>(enum_value(stat_group, STAT_WRITE)));
        add(record, DEFIB_DISK_DISCARD, part,
            static_cast<u64>(enum_value(stat_group, STAT_DISCARD)));
        add(record, DEFIB_DISK_FLUSH, part, static_cast<u64>(enum_value(stat_group, STAT_FLUSH)));
        ticks += part->io_ticks;
        for (u32 i = 0; i < DATA_DIRECTIONS; ++i)
            in_flight += static_cast<u64>(part->in_flight[i].a.counter);
    }
    record->busy_ns = ticks * *symbol(u64, tick_nsec);
    if (disk->queue->mq_ops != nullptr) in_flight = requests_in_flight(disk->queue);
    record->in_flight = static_cast<u32>(in_flight);
}
