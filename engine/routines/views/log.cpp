// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib log`: what printk has kept, in order.
#include "engine/kernel/log.h"

COLLECTOR(log_messages, SUMMARY("the ids of all messages in the log"), FUEL(4000000))() {
    const auto ring = log_ring();
    const u64 newest = newest_id(ring);
    u64 id = oldest_id(ring);
    const u64 count = message_count(ring);
    // Ids wrap around, and a tail that is torn may lie anywhere: no more than the ring holds.
    for (u64 i = 0; i < count; ++i) {
        emit_pointer(pointer_from<prb_desc>(id));
        if (id == newest) break;
        id = (id + 1) & LOG_ID_MASK;
    }
}

VIEW(log_message, SUMMARY("one message of the log"), OF_EACH(log_messages), FUEL(4000))(u64 id) {
    // Overwritten meanwhile: then this was no message, and the engine tries again.
    if (!report_message(log_ring(), id)) give_up(256);
}
