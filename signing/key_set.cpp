// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/key_set.h"

#include <algorithm>

namespace defib::signing {
namespace {

constexpr std::string_view MAGIC = "DEFIBKST";
constexpr std::string_view PERSONAL = "defib.keyset.1";
constexpr std::string_view CONTEXT = "defib key set 1";
constexpr uint32_t FORMAT = 1;
constexpr size_t HEADER_BYTES = 64;

std::unexpected<Error> malformed(const std::string& object, std::string detail,
                                 std::string advice = {}) {
    return fail(DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED, object, std::move(detail),
                std::move(advice));
}

template <class List>
Result<void> read_keys(ByteReader& reader, uint32_t count, List& keys, const std::string& object) {
    for (uint32_t i = 0; i < count; ++i) {
        KeyEntry entry;
        entry.key = reader.take_array<32>();
        std::string_view name;
        if (!read_text_field(reader.take(32), name) || !set_name(entry, name)) {
            return malformed(object, "a key's name is no plain text");
        }
        entry.first_counter = reader.u64();
        entry.last_counter = reader.u64();
        if (!reader.is_whole()) return malformed(object, "the list of keys is cut off");
        keys.push_back(entry);
    }
    return {};
}

// What holds for every key set, read or about to be written.
Result<void> check_rules(const KeySet& set, const std::string& object) {
    const auto is_ascending = [](const auto& list, auto key) {
        return std::ranges::adjacent_find(list, std::ranges::greater_equal{}, key) == list.end();
    };
    if (!is_ascending(set.roots, &KeyEntry::key) || !is_ascending(set.images, &KeyEntry::key) ||
        !is_ascending(set.revoked, std::identity{})) {
        return malformed(object, "keys are not in order, or one is repeated");
    }
    if (set.version == 0) return malformed(object, "version 0");
    if (set.root_threshold == 0 || set.root_threshold > set.roots.size()) {
        return malformed(
            object,
            "it can never have enough root signatures: " + std::to_string(set.root_threshold) +
                " of " + std::to_string(set.roots.size()),
            "add root keys first, or lower the threshold, with defib key set");
    }
    if (set.image_threshold == 0 || set.image_threshold > set.images.size()) {
        return malformed(
            object,
            "no image can ever have enough signatures: " + std::to_string(set.image_threshold) +
                " of " + std::to_string(set.images.size()),
            "add image keys first, or lower the threshold, with defib key set");
    }
    for (const KeyEntry& root : set.roots) {
        if (root.first_counter != 0 || root.last_counter != NO_END) {
            return malformed(object, "a root key has a range of counters");
        }
        if (set.is_revoked(root.key)) return malformed(object, "a root key is revoked");
        // A thief of the image key, which is used every week, must not also hold a root.
        if (set.find_image(root.key)) return malformed(object, "a root key is also an image key");
    }
    for (const KeyEntry& image : set.images) {
        if (image.first_counter > image.last_counter) {
            return malformed(object, "a key's range of counters is empty");
        }
        if (set.is_revoked(image.key)) return malformed(object, "an image key is revoked");
    }
    return {};
}

std::string write_body(const KeySet& set) {
    ByteWriter writer;
    writer.text(MAGIC);
    writer.u32(FORMAT);
    writer.u32(uint32_t(set.roots.size()));
    writer.u32(uint32_t(set.images.size()));
    writer.u32(uint32_t(set.revoked.size()));
    writer.u32(set.root_threshold);
    writer.u32(set.image_threshold);
    writer.u64(set.version);
    writer.pad_to(HEADER_BYTES);
    const auto write_key = [&](const KeyEntry& entry) {
        writer.array(entry.key);
        writer.text(entry.name());
        writer.zeros(32 - entry.name().size());
        writer.u64(entry.first_counter);
        writer.u64(entry.last_counter);
    };
    std::ranges::for_each(set.roots, write_key);
    std::ranges::for_each(set.images, write_key);
    for (const PublicKey& key : set.revoked) writer.array(key);
    return writer.take();
}

}  // namespace

bool set_name(KeyEntry& entry, std::string_view name) {
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
    if (name.empty() || name.size() > 32 || !std::ranges::all_of(name, is_plain)) return false;
    entry.name_text = {};
    std::ranges::copy(name, entry.name_text.begin());
    return true;
}

const KeyEntry* KeySet::find_root(const PublicKey& key) const {
    const auto* found = std::ranges::find(roots, key, &KeyEntry::key);
    return found == roots.end() ? nullptr : found;
}

const KeyEntry* KeySet::find_image(const PublicKey& key) const {
    const auto* found = std::ranges::find(images, key, &KeyEntry::key);
    return found == images.end() ? nullptr : found;
}

bool KeySet::is_revoked(const PublicKey& key) const {
    return std::ranges::find(revoked, key) != revoked.end();
}

Result<KeySet> read_key_set(Bytes bytes, const std::string& object) {
    ByteReader reader(bytes);
    if (as_text(reader.take(MAGIC.size())) != MAGIC) {
        return fail(DEFIB_ERROR_SIGNING_NOT_A_KEY_SET, object);
    }
    if (bytes.size() > MOST_KEY_SET_BYTES) {
        return malformed(object, "larger than any key set");
    }
    if (const uint32_t format = reader.u32(); format != FORMAT) {
        return malformed(object, "format " + std::to_string(format) + " is not known here");
    }
    KeySet set;
    const uint32_t root_count = reader.u32();
    const uint32_t image_count = reader.u32();
    const uint32_t revoked_count = reader.u32();
    set.root_threshold = reader.u32();
    set.image_threshold = reader.u32();
    set.version = reader.u64();
    const bool is_padded = reader.take_zeros(HEADER_BYTES - reader.offset());
    if (!reader.is_whole() || !is_padded) return malformed(object, "the header is damaged");
    if (root_count > set.roots.capacity() || image_count > set.images.capacity() ||
        revoked_count > set.revoked.capacity()) {
        return malformed(object, "more keys than a key set can have");
    }
    if (auto read = read_keys(reader, root_count, set.roots, object); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = read_keys(reader, image_count, set.images, object); !read) {
        return std::unexpected(read.error());
    }
    for (uint32_t i = 0; i < revoked_count; ++i) set.revoked.push_back(reader.take_array<32>());
    if (!reader.is_whole()) return malformed(object, "the list of revoked keys is cut off");
    if (auto checked = check_rules(set, object); !checked) {
        return std::unexpected(checked.error());
    }
    set.body_digest = digest(PERSONAL, bytes.first(reader.offset()));
    constexpr BlockErrors errors{DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED,
                                 DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED,
                                 DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED};
    auto signatures = read_signature_block(reader.rest(), errors, object);
    if (!signatures) return std::unexpected(signatures.error());
    set.signatures = *signatures;
    return set;
}

Result<std::string> serialise(KeySet& set, const std::string& object) {
    std::ranges::sort(set.roots, {}, &KeyEntry::key);
    std::ranges::sort(set.images, {}, &KeyEntry::key);
    std::ranges::sort(set.revoked);
    if (auto checked = check_rules(set, object); !checked) {
        return std::unexpected(checked.error());
    }
    std::string body = write_body(set);
    set.body_digest = digest(PERSONAL, as_bytes(body));
    return body + write_signature_block(set.signatures);
}

BytesToSign bytes_to_sign(const KeySet& set) {
    return bytes_to_sign(CONTEXT, set.body_digest);
}

}  // namespace defib::signing
