// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_BACKEND_TWIN_TWIN_CODE_H
#define DEFIB_BOOT_BACKEND_TWIN_TWIN_CODE_H

#include <string>

#include "boot/backend/twin/entry.h"
#include "engine/base/file.h"
#include "engine/base/result.h"

namespace defib::boot {

// The twin out of an image, in this process. The bytes are a verified image's: nothing in them is
// checked here but that they mean the same by an engine as this program does.
class TwinCode {
  public:
    static Result<TwinCode> load(Bytes shared_object, const std::string& object);

    TwinCode(TwinCode&& other) noexcept;
    TwinCode& operator=(TwinCode&&) = delete;
    ~TwinCode();

    const DefibTwin& entry() const { return *entry_; }

  private:
    TwinCode() = default;

    void* handle_ = nullptr;
    const DefibTwin* entry_ = nullptr;
};

}  // namespace defib::boot

#endif
