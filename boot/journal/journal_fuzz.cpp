// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a journal: also with their checks made right, so that what lies behind these is
// reached. Whatever is read can be told in one line, and as JSON.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "boot/journal/narrator.h"
#include "boot/journal/reader.h"

namespace {

using namespace defib;

void must(bool holds) {
    if (!holds) std::abort();
}

void tell(Bytes file) {
    const auto journal = boot::read_journal(file, "fuzz");
    if (!journal) return;
    must(journal->damaged_from <= file.size());
    for (const auto& session : journal->sessions) {
        boot::Narrator narrator(session.names, session.engine_ns);
        for (const auto& entry : session.entries) {
            must(narrator.line_of(entry).find('\n') == std::string::npos);
            must(!narrator.json_of(entry).dump().empty());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    tell(std::as_bytes(std::span(data, size)));
    std::vector<uint8_t> mended(data, data + size);
    uint32_t before = 0;
    for (size_t at = 0; at + sizeof(boot::JournalFrame) <= size; at += sizeof(boot::JournalFrame)) {
        boot::JournalFrame frame{};
        std::memcpy(&frame, mended.data() + at, sizeof frame);
        const bool is_start = frame.type == static_cast<uint32_t>(boot::FrameType::start);
        frame.check = before = boot::check_of(is_start ? 0 : before, frame.type, frame.payload);
        std::memcpy(mended.data() + at, &frame, sizeof frame);
    }
    tell(std::as_bytes(std::span(mended)));
    return 0;
}
