// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "engine/base/unique_fd.h"

namespace defib {
namespace {

std::string errno_text() {
    return std::generic_category().message(errno);
}

std::unexpected<Error> cannot_read(const std::filesystem::path& path) {
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, path.string(), errno_text());
}

std::unexpected<Error> cannot_write(const std::filesystem::path& path) {
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, path.string(), errno_text());
}

// Anything larger than this is no file that a person hands to defib; it stops a read of /dev/zero.
constexpr size_t MOST_UNMAPPED_BYTES = size_t{256} << 20;

// For files that have no size to map: pipes, and everything under /sys and /proc.
Result<std::pair<std::byte*, size_t>> read_all(int fd, const std::filesystem::path& path) {
    size_t capacity = size_t{1} << 16;
    size_t size = 0;
    auto* data = static_cast<std::byte*>(std::malloc(capacity));
    while (data) {
        const ssize_t n = ::read(fd, data + size, capacity - size);
        if (n == 0) return std::pair(data, size);
        if (n < 0) {
            if (errno == EINTR) continue;
            auto error = cannot_read(path);
            std::free(data);
            return error;
        }
        size += static_cast<size_t>(n);
        if (size < capacity) continue;
        if (capacity >= MOST_UNMAPPED_BYTES) {
            std::free(data);
            return fail(DEFIB_ERROR_BASE_CANNOT_READ, path.string(), "an endless stream");
        }
        capacity *= 2;
        auto* larger = static_cast<std::byte*>(std::realloc(data, capacity));
        if (!larger) std::free(data);
        data = larger;
    }
    return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, path.string());
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        content.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

constexpr int MOST_LINKS = 40;  // as the kernel follows (MAXSYMLINKS)

// /dev/stdout, /dev/fd/3: links to what this process has open. Where that is a regular file, a
// rename would replace the link itself, for the whole machine.
std::optional<int> own_descriptor(std::filesystem::path path) {
    const std::filesystem::path mine = "/proc/" + std::to_string(::getpid()) + "/fd";
    for (int links = 0; links < MOST_LINKS; ++links) {
        std::error_code error;
        const auto folder =
            std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
        if (error) return std::nullopt;
        if (folder == mine) {
            const std::string name = path.filename().string();
            int fd = 0;
            const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), fd);
            if (bad != std::errc() || end != name.data() + name.size()) return std::nullopt;
            return fd;
        }
        const auto target = std::filesystem::read_symlink(path, error);
        if (error) return std::nullopt;
        path = folder / target;
    }
    return std::nullopt;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) return cannot_read(path);
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return cannot_read(path);
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return cannot_read(path);
    }
    MappedFile file;
    // sysfs gives a size and often refuses to map; small files are not worth a mapping either.
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
        const auto size = static_cast<size_t>(status.st_size);
        void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
        if (at != MAP_FAILED) {
            file.data_ = static_cast<const std::byte*>(at);
            file.size_ = size;
            return file;
        }
    }
    auto loaded = read_all(fd.get(), path);
    if (!loaded) return std::unexpected(loaded.error());
    file.data_ = loaded->first;
    file.size_ = loaded->second;
    file.is_heap_ = true;
    return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      is_heap_(other.is_heap_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    if (this != &other) {
        release();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        is_heap_ = other.is_heap_;
    }
    return *this;
}

MappedFile::~MappedFile() {
    release();
}

void MappedFile::release() {
    if (!data_) return;
    auto* at = const_cast<std::byte*>(data_);
    if (is_heap_) {
        std::free(at);
    } else {
        ::munmap(at, size_);
    }
}

Result<void> write_atomically(const std::filesystem::path& path, std::string_view content) {
    // What is open already, a device and a pipe have no name to rename over.
    if (const auto open_already = own_descriptor(path)) {
        if (!write_all(*open_already, content)) return cannot_write(path);
        return {};
    }
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!fd.is_open() || !write_all(fd.get(), content)) return cannot_write(path);
        return {};
    }
    std::string temporary = path.string() + ".XXXXXX";
    UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.is_open()) return cannot_write(path);
    const auto give_up = [&] {
        auto error = cannot_write(path);
        ::unlink(temporary.c_str());
        return error;
    };
    // mkostemp makes the file private; a layout is for everybody, as the umask allows.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(fd.get(), 0666 & ~mask) != 0) return give_up();
    if (!write_all(fd.get(), content)) return give_up();
    if (::fsync(fd.get()) != 0) return give_up();
    fd.reset();
    if (::rename(temporary.c_str(), path.c_str()) != 0) return give_up();
    return {};
}

int write_all_at(int fd, uint64_t offset, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes = bytes.subspan(static_cast<size_t>(written));
        offset += static_cast<uint64_t>(written);
    }
    return 0;
}

}  // namespace defib
