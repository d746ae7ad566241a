// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/journal_file.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "boot/backend/engine_state.h"
#include "boot/journal/file.h"
#include "engine/runtime/journal.h"

namespace defib::boot {
namespace {

void put_aside(const std::filesystem::path& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (static_cast<uint64_t>(status.st_size) < JOURNAL_FILE_GOES_ON_BELOW) return;
    std::error_code ignored;  // then it goes on, up to its most
    std::filesystem::rename(path, path.string() + ".1", ignored);
}

}  // namespace

Result<JournalFile> JournalFile::open(const std::filesystem::path& path, const Manifest& manifest,
                                      uint64_t manifest_digest, std::string_view target) {
    put_aside(path);
    auto file = open_journal(path);
    if (!file) return std::unexpected(file.error());
    struct stat status = {};
    if (fstat(file->get(), &status) != 0) {
        return fail(DEFIB_ERROR_APPLIANCE_JOURNAL, path.string(), std::strerror(errno));
    }
    JournalFile journal;
    journal.size_ = static_cast<uint64_t>(status.st_size) + sizeof(JournalFrame);
    journal.writer_.emplace(file->get());
    journal.file_ = std::move(*file);
    if (!journal.writer_->start(wall_ns(), now_ns(), manifest_digest, target)) {
        return fail(DEFIB_ERROR_APPLIANCE_JOURNAL, path.string(), std::strerror(errno),
                    "name another file with --journal");
    }
    for (size_t i = 0; i < manifest.routines.size(); i++) {
        journal.name(NameOf::routine, static_cast<uint32_t>(i), manifest.routines[i].name);
    }
    for (size_t i = 0; i < manifest.fields.size(); i++) {
        journal.name(NameOf::field, static_cast<uint32_t>(i), manifest.fields[i]);
    }
    return journal;
}

// A name that does not arrive is a number to the reader; drain() tells that the file is bad.
void JournalFile::name(NameOf of, uint32_t number, std::string_view text) {
    writer_->name(of, number, text);
    size_ += sizeof(JournalFrame);
}

bool JournalFile::take(const DefibJournalEntry& entry) {
    if (entry.sequence != next_) {
        if (!writer_->lost(next_, entry.sequence - 1)) return false;
        size_ += sizeof(JournalFrame);
    }
    size_ += sizeof(JournalFrame);
    written_++;
    return writer_->entry(entry);
}

// What does not fit any more is read all the same: not everything in it is for the file.
JournalFile::Drained JournalFile::drain(const DefibJournal& journal, const Seen& seen) {
    DefibJournalEntry entry{};
    const uint64_t before = written_;
    bool is_full = false;
    while (runtime::read_entry(journal, next_, entry)) {
        if (seen) seen(entry, entry.sequence - next_);
        tells_of_another_kernel_ |= entry.kind == DEFIB_JOURNAL_IDENTITY_LOST;
        // Room for what was lost, and for the entry.
        is_full = size_ + 2 * sizeof(JournalFrame) > JOURNAL_FILE_MOST;
        if (!is_full && !take(entry)) return Drained::failed;
        next_ = entry.sequence + 1;
    }
    if (written_ != before && fdatasync(file_.get()) != 0) return Drained::failed;
    return is_full ? Drained::full : Drained::done;
}

}  // namespace defib::boot
