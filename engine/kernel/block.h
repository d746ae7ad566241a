// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Disks: how they are found, and what they have done.
//
// Every block device has an inode in the pseudo file system of bdev_alloc() (block/bdev.c), whose
// super block is `blockdev_superblock`; the device lies in front of the inode. The way over
// `block_class` would need three structures that are private to the driver core and have changed
// twice since 6.1.
#ifndef DEFIB_ENGINE_KERNEL_BLOCK_H
#define DEFIB_ENGINE_KERNEL_BLOCK_H

#include "engine/kernel/files.h"

kernel_part local_t {
    atomic_long_t a;
};
// One for each CPU; arrays by enum stat_group.
kernel_struct disk_stats {
    u64 nsecs[4];
    u64 sectors[4];
    u64 ios[4];
    u64 merges[4];
    u64 io_ticks;  // jiffies
    local_t in_flight[2];
};

// A set of tags is a bitmap in words, of which those in `cleared` are free again
// (lib/sbitmap.c).
kernel_struct sbitmap_word {
    u64 word;
    u64 cleared;
};
kernel_part sbitmap {
    u32 shift;  // of the tags in a word
    u32 map_nr;
    kp<sbitmap_word> map;
};
kernel_part sbitmap_queue {
    sbitmap sb;
};
kernel_struct request {
    kp<struct request_queue> q;
    kp<struct block_device> part;  // null: a request that statistics do not count
    u32 state;                     // enum mq_rq_state
};
kernel_struct blk_mq_tags {
    sbitmap_queue bitmap_tags;
    kp<kp<request>> rqs;
};
kernel_struct blk_mq_hw_ctx {
    kp<blk_mq_tags> tags;
};
kernel_struct request_queue {
    kp<void> mq_ops;    // null: not a queue of requests (a driver that takes bios)
    xarray hctx_table;  // an array before blk_mq_realloc_hw_ctxs() used an xarray (5.19)
};

kernel_struct gendisk {
    s32 major;
    s32 first_minor;
    char disk_name[32];
    kp<struct block_device> part0;
    kp<request_queue> queue;
};
kernel_struct block_device {
    u64 bd_nr_sectors;
    kp<disk_stats> bd_stats;
    kp<gendisk> bd_disk;
};
kernel_struct bdev_inode {
    block_device bdev;
    inode vfs_inode;
};

#endif
