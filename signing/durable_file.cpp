// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/base/unique_fd.h"

namespace defib::signing {
namespace {

std::string errno_text() {
    return std::generic_category().message(errno);
}

Result<void> flush_folder_of(const std::filesystem::path& path) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open() || ::fsync(fd.get()) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, folder.string(), errno_text());
    }
    return {};
}

}  // namespace

Result<std::string> read_at_most(const std::filesystem::path& path, size_t most,
                                 ErrorCode too_large) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto cannot_read = [&] {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, path.string(), errno_text());
    };
    if (!fd.is_open()) return cannot_read();
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return cannot_read();
    const auto refuse = [&] {
        return fail(too_large, path.string(), "more than " + std::to_string(most) + " bytes");
    };
    std::string content;
    if (S_ISREG(status.st_mode)) {
        if (status.st_size > off_t(most)) return refuse();
        content.reserve(size_t(status.st_size) + 1);
    }
    constexpr size_t CHUNK = size_t{1} << 16;
    for (;;) {
        const size_t have = content.size();
        content.resize(have + CHUNK);
        const ssize_t n = ::read(fd.get(), content.data() + have, CHUNK);
        content.resize(have + size_t(n > 0 ? n : 0));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot_read();
        if (n == 0) return content;
        if (content.size() > most) return refuse();
    }
}

Result<void> write_durably(const std::filesystem::path& path, const std::string& content) {
    if (auto written = write_atomically(path, content); !written) return written;
    return flush_folder_of(path);
}

Result<void> write_secret(const std::filesystem::path& path, const std::string& content) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    const auto cannot_write = [&](int error) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, path.string(),
                    std::generic_category().message(error),
                    error == EEXIST ? "a key file is never written over; choose another name" : "");
    };
    if (!fd.is_open()) return cannot_write(errno);
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n != ssize_t(content.size()) || ::fsync(fd.get()) != 0) {
        const int error = n >= 0 && n != ssize_t(content.size()) ? ENOSPC : errno;
        ::unlink(path.c_str());
        return cannot_write(error);
    }
    return flush_folder_of(path);
}

}  // namespace defib::signing
