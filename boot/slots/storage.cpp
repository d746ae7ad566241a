// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/slots/storage.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

std::unexpected<Error> failed(const std::string& path, int error) {
    return fail(DEFIB_ERROR_SLOTS_STORAGE, path, std::generic_category().message(error));
}

class FileStorage final : public Storage {
  public:
    FileStorage(UniqueFd fd, std::string path, uint64_t size)
        : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

    uint64_t size() const override { return size_; }

    Result<void> read(uint64_t offset, std::span<std::byte> out) override {
        while (!out.empty()) {
            const ssize_t n = ::pread(fd_.get(), out.data(), out.size(), off_t(offset));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return failed(path_, n < 0 ? errno : EIO);
            out = out.subspan(size_t(n));
            offset += uint64_t(n);
        }
        return {};
    }

    Result<void> write(uint64_t offset, Bytes bytes) override {
        if (const int error = write_all_at(fd_.get(), offset, bytes); error != 0)
            return failed(path_, error);
        return {};
    }

    // What is read back after this has to come from the device, not from the page cache that holds
    // what was written: a worn sector would never be seen.
    Result<void> flush() override {
        if (::fdatasync(fd_.get()) != 0) return failed(path_, errno);
        ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
        return {};
    }

  private:
    UniqueFd fd_;
    std::string path_;
    uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<Storage>> open_storage(const std::filesystem::path& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.is_open()) return failed(path.string(), errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(DEFIB_ERROR_SLOTS_BUSY, path.string(), "another process has it open");
    }
    // Of a partition too, where fstat() gives no size.
    const off_t size = ::lseek(fd.get(), 0, SEEK_END);
    if (size < 0) return failed(path.string(), errno);
    return std::make_unique<FileStorage>(std::move(fd), path.string(), uint64_t(size));
}

Result<void> create_storage(const std::filesystem::path& path, uint64_t size) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open()) {
        if (errno == EEXIST) return {};
        return failed(path.string(), errno);
    }
    // Without the blocks an update could end in a full file system.
    const int error = ::posix_fallocate(fd.get(), 0, off_t(size));
    if (error != 0 || ::fsync(fd.get()) != 0) {
        ::unlink(path.c_str());
        return failed(path.string(), error != 0 ? error : errno);
    }
    return {};
}

}  // namespace defib::boot
