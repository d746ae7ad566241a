// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/sink.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

constexpr char SUFFIX[] = ".unfinished";

class FileSink final : public Sink {
  public:
    FileSink(UniqueFd fd, std::filesystem::path output, uint64_t done)
        : fd_(std::move(fd)), output_(std::move(output)), unfinished_(output_.string() + SUFFIX) {
        done_ = done;
    }

    Result<void> put(uint64_t offset, Bytes bytes) override {
        errno = write_all_at(fd_.get(), offset, bytes);
        if (errno != 0) return cannot();
        return {};
    }

    Result<void> mark(uint64_t progress_at, const DumpProgress& progress) override {
        if (fdatasync(fd_.get()) != 0) return cannot();
        return put(progress_at, std::as_bytes(std::span(&progress, 1)));
    }

    Result<void> finish(uint64_t size) override {
        if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return cannot();
        if (fsync(fd_.get()) != 0) return cannot();
        if (rename(unfinished_.c_str(), output_.c_str()) != 0) return cannot();
        return {};
    }

  private:
    std::unexpected<Error> cannot() const {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished_, std::strerror(errno),
                    "what is there can be gone on with: --resume");
    }

    UniqueFd fd_;
    std::filesystem::path output_;
    std::string unfinished_;
};

class StreamSink final : public Sink {
  public:
    explicit StreamSink(int fd) : fd_(fd) {}

    Result<void> put(uint64_t offset, Bytes bytes) override {
        static constexpr std::array<std::byte, size_t{1} << 16> ZEROS{};
        while (at_ < offset) {
            const size_t part = std::min<uint64_t>(offset - at_, ZEROS.size());
            if (auto done = write_all(Bytes(ZEROS).first(part)); !done) return done;
        }
        return write_all(bytes);
    }
    // A stream cannot be gone on with.
    Result<void> mark(uint64_t /*progress_at*/, const DumpProgress& /*progress*/) override {
        return {};
    }
    Result<void> finish(uint64_t size) override { return put(size, {}); }

  private:
    Result<void> write_all(Bytes bytes) {
        at_ += bytes.size();
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) {
                return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, "standard output", std::strerror(errno));
            }
            bytes = bytes.subspan(static_cast<size_t>(written));
        }
        return {};
    }

    int fd_;
    uint64_t at_ = 0;
};

}  // namespace

Result<OpenedSink> open_file_sink(const std::filesystem::path& output, const Kernel& kernel,
                                  ElfHead head, uint32_t level, bool resumes) {
    const std::string unfinished = output.string() + SUFFIX;
    const auto cannot = [&](const char* what, const char* advice = "") {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished, what, advice);
    };
    UniqueFd fd(open(unfinished.c_str(), O_RDWR | O_CLOEXEC | (resumes ? 0 : O_CREAT), 0600));
    if (!fd.is_open()) {
        return cannot(std::strerror(errno), resumes ? "there is nothing to go on with" : "");
    }
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return cannot("another dump is being written to it");
    if (!resumes) {
        if (ftruncate(fd.get(), 0) != 0) return cannot(std::strerror(errno));
        auto sink = std::make_unique<FileSink>(std::move(fd), output, 0);
        if (auto put = sink->put(0, as_bytes(head.bytes)); !put)
            return std::unexpected(put.error());
        return OpenedSink{std::move(sink), std::move(head)};
    }
    const auto file = MappedFile::open(unfinished);
    if (!file) return std::unexpected(file.error());
    auto old = read_elf_head(kernel, file->bytes());
    if (!old) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, unfinished,
                    "not the beginning of a dump of this kernel", "start anew, without --resume");
    }
    DumpProgress progress;
    std::memcpy(&progress, file->bytes().data() + old->progress_at, sizeof progress);
    if (progress.level != level) {
        return fail(DEFIB_ERROR_BASE_USAGE, unfinished,
                    "was begun with --level " + std::to_string(progress.level),
                    "go on with that, or start anew");
    }
    return OpenedSink{std::make_unique<FileSink>(std::move(fd), output, progress.done),
                      std::move(*old)};
}

Result<OpenedSink> open_stream_sink(int fd, ElfHead head) {
    auto sink = std::make_unique<StreamSink>(fd);
    if (auto put = sink->put(0, as_bytes(head.bytes)); !put) return std::unexpected(put.error());
    return OpenedSink{std::move(sink), std::move(head)};
}

}  // namespace defib::boot
