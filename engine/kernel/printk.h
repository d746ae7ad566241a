// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The kernel log: printk's ring buffer (kernel/printk/printk_ringbuffer.h), which every kernel
// since 5.10 (896fbe20b4e2) keeps.
#ifndef DEFIB_ENGINE_KERNEL_PRINTK_H
#define DEFIB_ENGINE_KERNEL_PRINTK_H

#include "engine/kernel/structs.h"

kernel_part prb_data_blk_lpos {
    u64 begin;
    u64 next;
};
kernel_struct prb_desc {
    atomic_long_t state_var;
    prb_data_blk_lpos text_blk_lpos;
};
kernel_struct printk_info {
    u64 seq;
    u64 ts_nsec;
    u16 text_len;
    u8 facility;
    BitField level;
    u32 caller_id;
};
kernel_part prb_desc_ring {
    u32 count_bits;
    kp<prb_desc> descs;
    kp<printk_info> infos;
    atomic_long_t head_id;
    atomic_long_t tail_id;
};
kernel_part prb_data_ring {
    u32 size_bits;
    kp<char> data;
};
kernel_struct printk_ringbuffer {
    prb_desc_ring desc_ring;
    prb_data_ring text_data_ring;
};

#endif
