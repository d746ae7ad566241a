// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/journal_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/runtime/journal.h"

namespace defib::boot {
namespace {

constexpr size_t BATCH = 64;

uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

bool write_all(int fd, const void* bytes, size_t size) {
    const auto* at = static_cast<const char*>(bytes);
    while (size > 0) {
        const ssize_t count = write(fd, at, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        at += count;
        size -= static_cast<size_t>(count);
    }
    return true;
}

std::unexpected<Error> cannot(const std::filesystem::path& path, const char* why) {
    return fail(DEFIB_ERROR_APPLIANCE_JOURNAL, path.string(), why,
                "name another file with --journal");
}

void put_aside(const std::filesystem::path& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (static_cast<uint64_t>(status.st_size) < JOURNAL_FILE_GOES_ON_BELOW) return;
    std::error_code ignored;  // then it goes on, up to its most
    std::filesystem::rename(path, path.string() + ".1", ignored);
}

}  // namespace

Result<JournalFile> JournalFile::open(const std::filesystem::path& path,
                                      const signing::Digest& manifest) {
    put_aside(path);
    JournalFile journal;
    journal.file_.reset(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
    struct stat status = {};
    if (!journal.file_.is_open() || fstat(journal.file_.get(), &status) != 0) {
        return cannot(path, std::strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) return cannot(path, "not a file");
    journal.size_ = static_cast<uint64_t>(status.st_size);
    JournalHeader header{{'D', 'E', 'F', 'I', 'B', 'J', 'N', 'L'},
                         1,
                         sizeof(DefibJournalEntry),
                         clock_ns(CLOCK_REALTIME),
                         clock_ns(CLOCK_MONOTONIC),
                         {}};
    std::memcpy(header.manifest, manifest.data(), manifest.size());
    if (!write_all(journal.file_.get(), &header, sizeof header)) {
        return cannot(path, std::strerror(errno));
    }
    journal.size_ += sizeof header;
    return journal;
}

JournalFile::Drained JournalFile::drain(const DefibJournal& journal) {
    std::array<DefibJournalEntry, BATCH> batch;
    size_t count = 0;
    Drained result = Drained::nothing;
    DefibJournalEntry entry{};
    while (runtime::read_entry(journal, next_, entry)) {
        lost_ += entry.sequence - next_;
        next_ = entry.sequence + 1;
        batch[count++] = entry;
        result = Drained::some;
        if (count < BATCH) continue;
        if (size_ + sizeof batch > JOURNAL_FILE_MOST) return Drained::full;
        if (!write_all(file_.get(), batch.data(), sizeof batch)) return Drained::failed;
        size_ += sizeof batch;
        count = 0;
    }
    const size_t rest = count * sizeof(DefibJournalEntry);
    if (rest == 0) return result;
    if (size_ + rest > JOURNAL_FILE_MOST) return Drained::full;
    if (!write_all(file_.get(), batch.data(), rest)) return Drained::failed;
    size_ += rest;
    return fdatasync(file_.get()) == 0 ? result : Drained::failed;
}

}  // namespace defib::boot
