// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The bytes go into a file that exists in memory alone and is sealed against writing before the
// dynamic linker maps it, so that what runs is what was verified.
#include "boot/backend/twin/twin_code.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

std::unexpected<Error> cannot_run(const std::string& object, std::string why) {
    return fail(DEFIB_ERROR_APPLIANCE_NO_ENGINE, object, std::move(why),
                "take an image that was made for this version of defib-boot");
}

bool write_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes = bytes.subspan(static_cast<size_t>(count));
    }
    return true;
}

}  // namespace

Result<TwinCode> TwinCode::load(Bytes shared_object, const std::string& object) {
    if (shared_object.empty()) return cannot_run(object, "it has no part engine-x86-64");
    const UniqueFd file(memfd_create("defib-twin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.is_open() || !write_all(file.get(), shared_object) ||
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
            0) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, object, std::strerror(errno));
    }
    TwinCode code;
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    code.handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (code.handle_ == nullptr) return cannot_run(object, dlerror());
    code.entry_ = static_cast<const DefibTwin*>(dlsym(code.handle_, DEFIB_TWIN_SYMBOL));
    if (code.entry_ == nullptr) return cannot_run(object, "its part engine-x86-64 is no twin");
    const DefibTwin& twin = *code.entry_;
    if (twin.abi_version != DEFIB_ABI_VERSION || twin.engine_bytes != sizeof(DefibEngine) ||
        twin.target_bytes != sizeof(DefibTarget) || twin.journal_bytes != sizeof(DefibJournal)) {
        return cannot_run(object, "its engine is for another version of defib-boot");
    }
    return code;
}

TwinCode::TwinCode(TwinCode&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      entry_(std::exchange(other.entry_, nullptr)) {}

TwinCode::~TwinCode() {
    if (handle_ != nullptr) dlclose(handle_);
}

}  // namespace defib::boot
