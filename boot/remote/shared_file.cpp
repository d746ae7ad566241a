// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/remote/shared_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace defib::boot::remote {
namespace {

constexpr size_t SIZE = sizeof(DefibRemoteMailbox);

class Mapped final : public OneSided {
  public:
    enum class Whose : uint8_t { ours, lent };
    Mapped(uint8_t* memory, Whose whose) : memory_(memory), whose_(whose) {}
    ~Mapped() override {
        if (whose_ == Whose::ours) munmap(memory_, SIZE);
    }

    Result<void> read(uint64_t at, std::span<uint8_t> into) override {
        if (at > SIZE || into.size() > SIZE - at) return outside();
        std::atomic_thread_fence(std::memory_order_acquire);
        std::memcpy(into.data(), memory_ + at, into.size());
        return {};
    }

    Result<void> write(uint64_t at, std::span<const uint8_t> bytes) override {
        if (at > SIZE || bytes.size() > SIZE - at) return outside();
        std::atomic_thread_fence(std::memory_order_release);
        std::memcpy(memory_ + at, bytes.data(), bytes.size());
        return {};
    }

  private:
    static std::unexpected<Error> outside() {
        return fail(DEFIB_ERROR_BASE_USAGE, "the mailbox", "it does not reach that far");
    }

    uint8_t* memory_;
    Whose whose_;
};

std::unexpected<Error> cannot(ErrorCode code, const std::string& object) {
    return fail(code, object, std::strerror(errno));
}

}  // namespace

Result<std::unique_ptr<SharedMailbox>> SharedMailbox::map(int fd, const std::string& object) {
    if (ftruncate(fd, SIZE) != 0) return cannot(DEFIB_ERROR_BASE_CANNOT_WRITE, object);
    void* memory = mmap(nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return cannot(DEFIB_ERROR_BASE_OUT_OF_MEMORY, object);
    std::unique_ptr<SharedMailbox> made(new SharedMailbox);
    made->mailbox_ = static_cast<DefibRemoteMailbox*>(memory);
    return made;
}

Result<std::unique_ptr<SharedMailbox>> SharedMailbox::make(const std::string& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open()) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, file, std::strerror(errno),
                    errno == EEXIST ? "remove it if no defib run serves it any more" : "");
    }
    auto made = map(fd.get(), file);
    if (!made) {
        unlink(file.c_str());
        return made;
    }
    (*made)->file_ = file;
    return made;
}

Result<std::unique_ptr<SharedMailbox>> SharedMailbox::make_private() {
    const UniqueFd fd(memfd_create("defib-remote", MFD_CLOEXEC));
    if (!fd.is_open()) return cannot(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "the mailbox");
    return map(fd.get(), "the mailbox");
}

SharedMailbox::~SharedMailbox() {
    munmap(mailbox_, SIZE);
    if (!file_.empty()) unlink(file_.c_str());
}

Result<std::unique_ptr<OneSided>> open_shared_file(const std::string& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.is_open()) return cannot(DEFIB_ERROR_BASE_CANNOT_READ, file);
    struct stat info{};
    if (fstat(fd.get(), &info) != 0 || static_cast<uint64_t>(info.st_size) != SIZE) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, file, "not a mailbox");
    }
    void* memory = mmap(nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory == MAP_FAILED) return cannot(DEFIB_ERROR_BASE_CANNOT_READ, file);
    return std::make_unique<Mapped>(static_cast<uint8_t*>(memory), Mapped::Whose::ours);
}

std::unique_ptr<OneSided> own_memory(DefibRemoteMailbox& mailbox) {
    return std::make_unique<Mapped>(reinterpret_cast<uint8_t*>(&mailbox), Mapped::Whose::lent);
}

}  // namespace defib::boot::remote
