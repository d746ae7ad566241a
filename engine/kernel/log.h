// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Messages of printk's ring.
//
// The ring has descriptors, one for each message, named by ids that only grow; a descriptor's state
// lies in the top two bits of the word that also holds its id (kernel/printk/printk_ringbuffer.c).
// A message counts when it is committed or finalized and its descriptor still bears the id that was
// asked for; it is looked at again after its text was copied, as prb_read() does, because the
// writer takes no notice of readers.
#ifndef DEFIB_ENGINE_KERNEL_LOG_H
#define DEFIB_ENGINE_KERNEL_LOG_H

#include "engine/kernel/printk.h"
#include "engine/routines/views/log_records.h"

inline constexpr u64 LOG_STATE_SHIFT = 62;  // DESC_FLAGS_SHIFT
inline constexpr u64 LOG_ID_MASK = ~(u64{3} << LOG_STATE_SHIFT);
inline constexpr u64 LOG_COMMITTED = 1;
inline constexpr u64 LOG_FINALIZED = 2;
inline constexpr u64 LOG_BLOCK_HEADER = 8;  // prb_data_block.id
inline constexpr u64 LOG_MOST_BITS = 31;    // of a ring's size: what is above is no ring

struct LogBlock {
    u64 offset;  // of the text in the data ring
    u64 size;
};
struct LogText {
    kp<const u64> words;
    u64 length;
    bool is_there;
};

inline kp<printk_ringbuffer> log_ring() {
    return *symbol(kp<printk_ringbuffer>, prb);
}
inline u64 newest_id(kp<printk_ringbuffer> ring) {
    return static_cast<u64>(ring->desc_ring.head_id.counter) & LOG_ID_MASK;
}
inline u64 oldest_id(kp<printk_ringbuffer> ring) {
    return static_cast<u64>(ring->desc_ring.tail_id.counter) & LOG_ID_MASK;
}
inline u64 message_count(kp<printk_ringbuffer> ring) {
    return u64{1} << (ring->desc_ring.count_bits & LOG_MOST_BITS);
}

inline bool is_readable(u64 state_var, u64 id) {
    const u64 state = state_var >> LOG_STATE_SHIFT;
    if ((state_var & LOG_ID_MASK) != id) return false;
    return state == LOG_COMMITTED || state == LOG_FINALIZED;
}

// Where the text is (get_data()). A block that does not fit before the ring's end starts at its
// beginning; one without data has both positions odd (BLK_DATALESS()).
inline LogBlock log_block(u64 begin, u64 next, u64 bits) {
    const u64 mask = (u64{1} << bits) - 1;
    if ((begin & 1) != 0 || (next & 1) != 0) return {0, 0};
    u64 offset = begin & mask;
    u64 size = next - begin;
    if (begin >> bits != next >> bits && (next & mask) != 0) {
        offset = 0;
        size = next & mask;
    }
    if (size <= LOG_BLOCK_HEADER || size > mask) return {0, 0};
    return {offset + LOG_BLOCK_HEADER, size - LOG_BLOCK_HEADER};
}

inline kp<prb_desc> log_descriptor(kp<printk_ringbuffer> ring, u64 id) {
    return element(prb_desc, ring->desc_ring.descs, id & (message_count(ring) - 1));
}
inline bool is_message(kp<printk_ringbuffer> ring, u64 id) {
    return is_readable(static_cast<u64>(log_descriptor(ring, id)->state_var.counter), id);
}

// The text of a message; who uses it asks is_message() again afterwards.
inline LogText text_of(kp<printk_ringbuffer> ring, u64 id) {
    const auto descriptor = log_descriptor(ring, id);
    if (!is_readable(static_cast<u64>(descriptor->state_var.counter), id))
        return {nullptr, 0, false};
    const auto info = element(printk_info, ring->desc_ring.infos, id & (message_count(ring) - 1));
    const LogBlock block =
        log_block(descriptor->text_blk_lpos.begin, descriptor->text_blk_lpos.next,
                  ring->text_data_ring.size_bits & LOG_MOST_BITS);
    return {pointer_from<const u64>(address_of(ring->text_data_ring.data) + block.offset),
            info->text_len < block.size ? info->text_len : block.size, true};
}

// Reports one message, if there is one of that id. False: it was overwritten meanwhile, and what
// was reported is none.
inline bool report_message(kp<printk_ringbuffer> ring, u64 id) {
    const LogText text = text_of(ring, id);
    if (!text.is_there) return true;
    const auto info = element(printk_info, ring->desc_ring.infos, id & (message_count(ring) - 1));
    const auto record = emit<DefibLogRecord>(DEFIB_RECORD_LOG);
    record->sequence = info->seq;
    record->time_ns = info->ts_nsec;
    record->level = static_cast<u32>(bits(info, printk_info, level));
    record->facility = info->facility;
    record->caller_id = info->caller_id;
    record->length = static_cast<u32>(text.length);
    // Blocks are aligned to words, so whole words are read and the tail is zeros or the block's
    // own.
    for (u32 word = 0; word < DEFIB_LOG_WORDS; ++word) {
        if (u64{word} * 8 >= text.length) break;
        record->text[word] = text.words[word];
    }
    return is_message(ring, id);
}

#endif
