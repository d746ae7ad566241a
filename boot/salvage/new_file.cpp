// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/new_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace defib::boot {

Result<NewFile> NewFile::open(const std::filesystem::path& path, std::string unfinished) {
    UniqueFd fd(::open(unfinished.c_str(), O_RDWR | O_CLOEXEC | O_CREAT | O_NOFOLLOW, 0600));
    if (!fd.is_open()) return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished, std::strerror(errno));
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished, "another one is being written");
    return NewFile(std::move(fd), path, std::move(unfinished));
}

Result<NewFile> NewFile::make(const std::filesystem::path& path) {
    auto file = open(path, path.string() + ".unfinished");
    // One that is there belongs to a program that was killed.
    if (file && ftruncate(file->fd_.get(), 0) != 0) return file->cannot();
    return file;
}

Result<NewFile> NewFile::make_from(const std::filesystem::path& spare,
                                   const std::filesystem::path& path) {
    std::string unfinished = path.string() + ".unfinished";
    if (rename(spare.c_str(), unfinished.c_str()) != 0)
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished, std::strerror(errno));
    return open(path, std::move(unfinished));
}

NewFile::~NewFile() {
    if (fd_.is_open()) unlink(unfinished_.c_str());
}

std::unexpected<Error> NewFile::cannot() const {
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished_, std::strerror(errno));
}

Result<void> NewFile::put(uint64_t offset, Bytes bytes) {
    errno = write_all_at(fd_.get(), offset, bytes);
    if (errno != 0) return cannot();
    return {};
}

Result<void> NewFile::finish(uint64_t size) {
    if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return cannot();
    if (fsync(fd_.get()) != 0) return cannot();
    if (rename(unfinished_.c_str(), path_.c_str()) != 0) return cannot();
    const UniqueFd done = std::move(fd_);
    return {};
}

}  // namespace defib::boot
