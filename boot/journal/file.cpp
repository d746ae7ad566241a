// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/journal/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "boot/journal/format.h"

namespace defib::boot {
namespace {

std::unexpected<Error> cannot_write(const std::filesystem::path& path) {
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, path.string(), std::strerror(errno));
}

bool begins_as_journal(int fd) {
    JournalFrame frame{};
    if (pread(fd, &frame, sizeof frame, 0) != static_cast<ssize_t>(sizeof frame)) return false;
    uint64_t magic = 0;
    std::memcpy(&magic, frame.payload, sizeof magic);
    return frame.type == static_cast<uint32_t>(FrameType::start) && magic == JOURNAL_MAGIC &&
           frame.check == check_of(0, frame.type, frame.payload);
}

}  // namespace

Result<UniqueFd> open_journal(const std::filesystem::path& path) {
    UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    struct stat status{};
    if (!fd.is_open() || fstat(fd.get(), &status) != 0) return cannot_write(path);
    if (!S_ISREG(status.st_mode) || status.st_size == 0) return fd;
    if (!begins_as_journal(fd.get())) {
        return fail(DEFIB_ERROR_BOOT_JOURNAL, path.string(), "it is something else",
                    "give a new name, or that of a journal");
    }
    const off_t rest = status.st_size % static_cast<off_t>(sizeof(JournalFrame));
    if (rest != 0 && ftruncate(fd.get(), status.st_size - rest) != 0) return cannot_write(path);
    return fd;
}

}  // namespace defib::boot
