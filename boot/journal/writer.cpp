// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace defib::boot {
namespace {

template <size_t ROOM>
void put_text(std::string_view text, char (&room)[ROOM]) {
    text.copy(room, ROOM - 1);
}

}  // namespace

bool JournalWriter::put(FrameType type, const void* payload) {
    if (has_failed_) return false;
    JournalFrame frame{};
    frame.type = static_cast<uint32_t>(type);
    std::memcpy(frame.payload, payload, FRAME_PAYLOAD);
    const uint32_t before = type == FrameType::start ? 0 : check_;
    frame.check = check_ = check_of(before, frame.type, frame.payload);
    const char* at = reinterpret_cast<const char*>(&frame);
    for (size_t left = sizeof frame; left > 0;) {
        const ssize_t written = ::write(fd_, at, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            has_failed_ = true;
            return false;
        }
        at += written;
        left -= static_cast<size_t>(written);
    }
    return true;
}

bool JournalWriter::start(uint64_t wall_ns, uint64_t engine_ns, uint64_t manifest_digest,
                          std::string_view target) {
    JournalStart start{JOURNAL_MAGIC, wall_ns, engine_ns, manifest_digest, {}};
    put_text(target, start.target);
    if (!put(FrameType::start, &start)) return false;
    if (target.size() < sizeof start.target) return true;
    constexpr size_t PIECE = sizeof(JournalName::text) - 1;
    for (uint32_t i = 0; i * PIECE < target.size(); i++) {
        if (!name(NameOf::target, i, target.substr(i * PIECE, PIECE))) return false;
    }
    return true;
}

bool JournalWriter::name(NameOf of, uint32_t number, std::string_view text) {
    JournalName name{static_cast<uint32_t>(of), number, {}};
    put_text(text, name.text);
    return put(FrameType::name, &name);
}

bool JournalWriter::entry(const DefibJournalEntry& entry) {
    return put(FrameType::entry, &entry);
}

bool JournalWriter::lost(uint64_t first, uint64_t last) {
    const JournalLost lost{first, last, {}};
    return put(FrameType::lost, &lost);
}

}  // namespace defib::boot
