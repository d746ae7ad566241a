// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/reader.h"

#include <cstring>

namespace defib::boot {
namespace {

template <class T>
T content_of(const JournalFrame& frame) {
    T content{};
    std::memcpy(&content, frame.payload, sizeof content);
    return content;
}

template <size_t ROOM>
std::string text_of(const char (&room)[ROOM]) {
    return {room, strnlen(room, ROOM)};
}

bool take_start(const JournalFrame& frame, std::vector<JournalSession>& sessions) {
    const auto start = content_of<JournalStart>(frame);
    if (start.magic != JOURNAL_MAGIC) return false;
    JournalSession session;
    session.wall_ns = start.wall_ns;
    session.engine_ns = start.engine_ns;
    session.manifest_digest = start.manifest_digest;
    session.target = text_of(start.target);
    sessions.push_back(std::move(session));
    return true;
}

bool take(const JournalFrame& frame, std::vector<JournalSession>& sessions) {
    const auto type = static_cast<FrameType>(frame.type);
    if (type == FrameType::start) return take_start(frame, sessions);
    if (sessions.empty()) return false;
    JournalSession& session = sessions.back();
    switch (type) {
        case FrameType::name: {
            const auto name = content_of<JournalName>(frame);
            if (static_cast<NameOf>(name.of) == NameOf::target) {
                if (name.number == 0) session.target.clear();
                session.target += text_of(name.text);
                return true;
            }
            session.names[{static_cast<NameOf>(name.of), name.number}] = text_of(name.text);
            return true;
        }
        case FrameType::entry:
            session.entries.push_back(content_of<DefibJournalEntry>(frame));
            return true;
        case FrameType::lost: {
            const auto lost = content_of<JournalLost>(frame);
            if (lost.last < lost.first) return false;
            session.lost += lost.last - lost.first + 1;
            return true;
        }
        default:
            return false;
    }
}

}  // namespace

Result<ReadJournal> read_journal(Bytes file, const std::string& object) {
    ReadJournal journal;
    uint32_t before = 0;
    size_t at = 0;
    for (; file.size() - at >= sizeof(JournalFrame); at += sizeof(JournalFrame)) {
        JournalFrame frame{};
        std::memcpy(&frame, file.data() + at, sizeof frame);
        const bool is_start = frame.type == static_cast<uint32_t>(FrameType::start);
        const uint32_t check = check_of(is_start ? 0 : before, frame.type, frame.payload);
        if (check != frame.check || !take(frame, journal.sessions)) {
            journal.is_damaged = true;
            break;
        }
        before = check;
    }
    journal.is_cut_off = !journal.is_damaged && at != file.size();
    journal.damaged_from = at;
    if (journal.sessions.empty()) {
        return fail(DEFIB_ERROR_BOOT_JOURNAL, object, "it does not begin as one");
    }
    return journal;
}

}  // namespace defib::boot
