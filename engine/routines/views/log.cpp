// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib log`: what printk has kept, in order.
//
// The ring has descriptors, one for each message, named by ids that only grow; a descriptor's state
// lies in the top two bits of the word that also holds its id (kernel/printk/printk_ringbuffer.c).
// A message counts when it is committed or finalized and its descriptor still bears the id that was
// asked for; it is looked at again after its text was copied, as prb_read() does, because the
// writer takes no notice of readers.
#include "engine/kernel/printk.h"
#include "engine/routines/views/log_records.h"

namespace {

constexpr u64 STATE_SHIFT = 62;  // DESC_FLAGS_SHIFT
constexpr u64 ID_MASK = ~(u64{3} << STATE_SHIFT);
constexpr u64 STATE_COMMITTED = 1;
constexpr u64 STATE_FINALIZED = 2;
constexpr u64 BLOCK_HEADER = 8;  // prb_data_block.id
constexpr u64 MOST_BITS = 31;    // of a ring's size: what is above is no ring

struct Block {
    u64 offset;  // of the text in the data ring
    u64 size;
};

kp<printk_ringbuffer> log_ring() {
    return *symbol(kp<printk_ringbuffer>, prb);
}

bool is_readable(u64 state_var, u64 id) {
    const u64 state = state_var >> STATE_SHIFT;
    if ((state_var & ID_MASK) != id) return false;
    return state == STATE_COMMITTED || state == STATE_FINALIZED;
}

// Where the text is (get_data()). A block that does not fit before the ring's end starts at its
// beginning; one without data has both positions odd (BLK_DATALESS()).
Block block_of(u64 begin, u64 next, u64 bits) {
    const u64 mask = (u64{1} << bits) - 1;
    if ((begin & 1) != 0 || (next & 1) != 0) return {0, 0};
    u64 offset = begin & mask;
    u64 size = next - begin;
    if (begin >> bits != next >> bits && (next & mask) != 0) {
        offset = 0;
        size = next & mask;
    }
    if (size <= BLOCK_HEADER || size > mask) return {0, 0};
    return {offset + BLOCK_HEADER, size - BLOCK_HEADER};
}

}  // namespace

COLLECTOR(log_messages, SUMMARY("the ids of all messages in the log"), FUEL(4000000))() {
    const auto ring = log_ring();
    const u64 newest = static_cast<u64>(ring->desc_ring.head_id.counter) & ID_MASK;
    u64 id = static_cast<u64>(ring->desc_ring.tail_id.counter) & ID_MASK;
    const u64 count = u64{1} << (ring->desc_ring.count_bits & MOST_BITS);
    // Ids wrap around, and a tail that is torn may lie anywhere: no more than the ring holds.
    for (u64 i = 0; i < count; ++i) {
        emit_pointer(pointer_from<prb_desc>(id));
        if (id == newest) break;
        id = (id + 1) & ID_MASK;
    }
}

VIEW(log_message, SUMMARY("one message of the log"), OF_EACH(log_messages), FUEL(4000))(u64 id) {
    const auto ring = log_ring();
    const u64 place = id & ((u64{1} << (ring->desc_ring.count_bits & MOST_BITS)) - 1);
    const auto descriptor = element(prb_desc, ring->desc_ring.descs, place);
    if (!is_readable(static_cast<u64>(descriptor->state_var.counter), id)) return;
    const auto info = element(printk_info, ring->desc_ring.infos, place);
    const Block block = block_of(descriptor->text_blk_lpos.begin, descriptor->text_blk_lpos.next,
                                 ring->text_data_ring.size_bits & MOST_BITS);

    const auto record = emit<DefibLogRecord>(DEFIB_RECORD_LOG);
    record->sequence = info->seq;
    record->time_ns = info->ts_nsec;
    record->level = static_cast<u32>(bits(info, printk_info, level));
    record->facility = info->facility;
    record->caller_id = info->caller_id;
    const u64 length = info->text_len < block.size ? info->text_len : block.size;
    record->length = static_cast<u32>(length);
    // Blocks are aligned to words, so whole words are read and the tail is zeros or the block's
    // own.
    const auto text = pointer_from<const u64>(address_of(ring->text_data_ring.data) + block.offset);
    for (u32 word = 0; word < DEFIB_LOG_WORDS; ++word) {
        if (u64{word} * 8 >= length) break;
        record->text[word] = text[word];
    }
    // Overwritten meanwhile: then this was no message, and the engine tries again.
    if (!is_readable(static_cast<u64>(descriptor->state_var.counter), id)) give_up(256);
}
