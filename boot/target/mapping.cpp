// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/target/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace defib::boot {
namespace {

// A file system that knows no holes says that all of it is data; one that is written while we ask
// can only have more data later.
std::vector<Bytes> extents_of(int fd, Bytes all) {
    std::vector<Bytes> extents;
    const auto size = static_cast<off_t>(all.size());
    off_t at = 0;
    while (at < size) {
        const off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0) {
            // ENXIO: nothing but a hole is left. Anything else: this file cannot be asked.
            if (errno != ENXIO) extents.push_back(all.subspan(static_cast<size_t>(at)));
            break;
        }
        off_t end = lseek(fd, data, SEEK_HOLE);
        if (end < data || end > size) end = size;
        if (data >= end) break;
        extents.push_back(all.subspan(static_cast<size_t>(data), static_cast<size_t>(end - data)));
        at = end;
    }
    return extents;
}

}  // namespace

Result<Mapping> Mapping::open(const std::filesystem::path& path, Access access) {
    const bool acts = access != Access::look;
    const auto cannot = [&](ErrorCode code) {
        return fail(code, path.string(), std::strerror(errno));
    };
    UniqueFd fd(::open(path.c_str(), (acts ? O_RDWR : O_RDONLY) | O_CLOEXEC));
    if (!fd.is_open()) {
        return cannot(acts ? DEFIB_ERROR_BASE_CANNOT_WRITE : DEFIB_ERROR_BASE_CANNOT_READ);
    }
    struct stat status = {};
    if (fstat(fd.get(), &status) != 0) return cannot(DEFIB_ERROR_BASE_CANNOT_READ);
    if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, path.string(), "not a file with content");
    }
    Mapping mapping;
    mapping.size_ = static_cast<size_t>(status.st_size);
    void* data = mmap(nullptr, mapping.size_, acts ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
                      fd.get(), 0);
    if (data == MAP_FAILED) return cannot(DEFIB_ERROR_BASE_CANNOT_READ);
    mapping.data_ = static_cast<const std::byte*>(data);
    mapping.reserved_ = data;
    mapping.reserved_size_ = mapping.size_;
    mapping.extents_ = extents_of(fd.get(), mapping.bytes());
    mapping.origin_ = {status.st_dev, status.st_ino};
    mapping.fd_ = std::move(fd);
    mapping.is_file_ = true;
    return mapping;
}

std::vector<Bytes> Mapping::data_now() const {
    return is_file_ ? extents_of(fd_.get(), bytes()) : extents_;
}

bool Mapping::is_still_there() const {
    struct stat status = {};
    if (fstat(fd_.get(), &status) != 0) return false;
    if (S_ISCHR(status.st_mode)) return true;  // this machine's own
    return status.st_nlink > 0 && static_cast<size_t>(status.st_size) >= size_;
}

Mapping::Mapping(Mapping&& other) noexcept
    : fd_(std::move(other.fd_)),
      origin_(other.origin_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      reserved_(std::exchange(other.reserved_, nullptr)),
      reserved_size_(std::exchange(other.reserved_size_, 0)),
      extents_(std::move(other.extents_)),
      is_file_(other.is_file_) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(reserved_, other.reserved_);
    std::swap(reserved_size_, other.reserved_size_);
    std::swap(extents_, other.extents_);
    std::swap(is_file_, other.is_file_);
    return *this;
}

Mapping::~Mapping() {
    if (reserved_ != nullptr) munmap(reserved_, reserved_size_);
}

}  // namespace defib::boot
