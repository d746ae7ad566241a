// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Values out of JSON that nobody vouches for: one that is missing, of another kind or out of bounds
// is remembered, and the reader looks once at the end.
#ifndef DEFIB_BOOT_RESTART_SAVED_JSON_H
#define DEFIB_BOOT_RESTART_SAVED_JSON_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/restart/saved_process.h"

namespace defib::boot {

class SavedJson {
  public:
    using Json = nlohmann::json;

    // Of an object; of anything else, and where there is no such key: null.
    const Json& at(const Json& from, const char* key);
    // A number, or one as "0x1f" or "0755".
    uint64_t number(const Json& value, uint64_t most = UINT64_MAX);
    uint64_t number(const Json& from, const char* key, uint64_t most = UINT64_MAX);
    int64_t signed_number(const Json& from, const char* key, int64_t least, int64_t most);
    std::string text(const Json& from, const char* key);
    bool truth(const Json& from, const char* key);
    // ["0x1000", "0x2000"]: not empty, within what a process may address.
    SavedRange range(const Json& value);
    // The same without any promise but that the end is not before the start.
    SavedRange bounds(const Json& from, const char* key);
    // The entry of an array; null where there is none.
    const Json& entry(const Json& array, size_t index);
    // An array, not longer than that.
    const Json& array(const Json& from, const char* key, size_t most);

    // What was wrong first; empty: nothing.
    const std::string& wrong() const { return wrong_; }
    void blame(const std::string& what);

  private:
    std::string wrong_;
};

}  // namespace defib::boot

#endif
