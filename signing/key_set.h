// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A key set: who may sign images, who may sign the next key set, and who may no longer. The file's
// layout is in FORMAT.md; this is its content, in memory of its own.
#ifndef DEFIB_SIGNING_KEY_SET_H
#define DEFIB_SIGNING_KEY_SET_H

#include <cstdint>
#include <limits>
#include <string>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "signing/bounded_list.h"
#include "signing/crypto.h"
#include "signing/signature_block.h"

namespace defib::signing {

// More than any real one: 16 + 32 keys, 64 revocations and 16 signatures are 8 KB.
inline constexpr size_t MOST_KEY_SET_BYTES = size_t{16} << 10;

inline constexpr uint64_t NO_END = std::numeric_limits<uint64_t>::max();

struct KeyEntry {
    PublicKey key{};
    std::array<char, 33> name_text{};  // ends with a zero
    uint64_t first_counter = 0;
    uint64_t last_counter = NO_END;

    std::string_view name() const { return name_text.data(); }
};

// Gives false for a name that FORMAT.md does not allow.
[[nodiscard]] bool set_name(KeyEntry& entry, std::string_view name);

struct KeySet {
    uint64_t version = 1;
    uint32_t root_threshold = 1;
    uint32_t image_threshold = 1;
    BoundedList<KeyEntry, 16> roots;
    BoundedList<KeyEntry, 32> images;
    BoundedList<PublicKey, 64> revoked;
    SignatureList signatures;
    // Of everything above but the signatures; set by read_key_set and by serialise.
    Digest body_digest{};

    const KeyEntry* find_root(const PublicKey& key) const;
    const KeyEntry* find_image(const PublicKey& key) const;
    bool is_revoked(const PublicKey& key) const;
};

// Checks the form of everything, and no signature: nothing may be decided by what this gives back.
Result<KeySet> read_key_set(Bytes bytes, const std::string& object);

// Sorts the lists, checks what read_key_set would check, and writes.
Result<std::string> serialise(KeySet& set, const std::string& object);

BytesToSign bytes_to_sign(const KeySet& set);

}  // namespace defib::signing

#endif
