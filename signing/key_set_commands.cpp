// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/key_set_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include "signing/durable_file.h"
#include "signing/key_file.h"
#include "signing/key_set.h"
#include "signing/signer_options.h"
#include "signing/trust_store.h"

namespace defib::signing {
namespace {

Result<std::string> load_bytes(const std::filesystem::path& path) {
    return read_at_most(path, MOST_KEY_SET_BYTES, DEFIB_ERROR_SIGNING_KEY_SET_MALFORMED);
}

Result<KeySet> load_key_set(const std::filesystem::path& path) {
    const auto bytes = load_bytes(path);
    if (!bytes) return std::unexpected(bytes.error());
    return read_key_set(as_bytes(*bytes), path.string());
}

Result<int> save(KeySet& set, const std::filesystem::path& path) {
    const auto bytes = serialise(set, path.string());
    if (!bytes) return std::unexpected(bytes.error());
    if (auto written = write_atomically(path, *bytes); !written) {
        return std::unexpected(written.error());
    }
    return DEFIB_EXIT_DONE;
}

// What follows `set`: one version later, and signed by nobody yet.
KeySet successor(KeySet set) {
    ++set.version;
    set.signatures.clear();
    return set;
}

// A key as people name it: in hexadecimal, by its name in the key set, or by its file.
Result<PublicKey> find_key(const KeySet& set, const std::string& text) {
    PublicKey key{};
    if (from_hex(text, key)) return key;
    for (const KeyEntry& entry : set.images) {
        if (entry.name() == text) return entry.key;
    }
    for (const KeyEntry& entry : set.roots) {
        if (entry.name() == text) return entry.key;
    }
    std::error_code ignored;
    if (!std::filesystem::exists(text, ignored)) {
        return fail(DEFIB_ERROR_SIGNING_NOT_IN_KEY_SET, text, "nor is there a file of that name",
                    "defib key show lists its keys");
    }
    const auto named = load_public_key(text);
    if (!named) return std::unexpected(named.error());
    return named->key;
}

template <class List>
Result<void> add_keys(List& list, const std::vector<std::filesystem::path>& files) {
    for (const auto& file : files) {
        const auto named = load_public_key(file);
        if (!named) return std::unexpected(named.error());
        KeyEntry entry;
        entry.key = named->key;
        if (!set_name(entry, named->name) || !list.push_back(entry)) {
            return fail(DEFIB_ERROR_SIGNING_TOO_MANY, file.string(), "the key set is full");
        }
    }
    return {};
}

// Whether it was there.
template <class List>
bool remove_key(List& list, const PublicKey& key) {
    List kept;
    for (const KeyEntry& entry : list) {
        if (entry.key != key) kept.push_back(entry);
    }
    const bool was_there = kept.size() != list.size();
    list = kept;
    return was_there;
}

// "KEY=COUNTER"
Result<void> retire(KeySet& set, const std::string& text) {
    const size_t at = text.rfind('=');
    uint64_t counter = 0;
    const char* end = text.data() + text.size();
    if (at == std::string::npos || std::from_chars(text.data() + at + 1, end, counter).ptr != end ||
        at + 1 == text.size()) {
        return fail(DEFIB_ERROR_BASE_USAGE, text, "it is KEY=COUNTER");
    }
    const auto key = find_key(set, text.substr(0, at));
    if (!key) return std::unexpected(key.error());
    auto* entry = std::ranges::find(set.images, *key, &KeyEntry::key);
    if (entry == set.images.end()) {
        return fail(DEFIB_ERROR_SIGNING_NOT_IN_KEY_SET, text, "no image key");
    }
    entry->last_counter = counter;
    return {};
}

struct SetWish {
    std::filesystem::path from;
    std::filesystem::path out;
    std::vector<std::filesystem::path> roots;
    std::vector<std::filesystem::path> images;
    std::vector<std::string> removed;
    std::vector<std::string> retired;
    uint32_t root_threshold = 0;
    uint32_t image_threshold = 0;
};

Result<int> make_set(const SetWish& wish) {
    KeySet set;
    if (!wish.from.empty()) {
        const auto old_set = load_key_set(wish.from);
        if (!old_set) return std::unexpected(old_set.error());
        set = successor(*old_set);
    }
    for (const std::string& text : wish.removed) {
        const auto key = find_key(set, text);
        if (!key) return std::unexpected(key.error());
        const bool was_root = remove_key(set.roots, *key);
        if (!remove_key(set.images, *key) && !was_root) {
            return fail(DEFIB_ERROR_SIGNING_NOT_IN_KEY_SET, text);
        }
    }
    if (auto ok = add_keys(set.roots, wish.roots); !ok) return std::unexpected(ok.error());
    if (auto ok = add_keys(set.images, wish.images); !ok) return std::unexpected(ok.error());
    for (const std::string& text : wish.retired) {
        if (auto ok = retire(set, text); !ok) return std::unexpected(ok.error());
    }
    if (wish.root_threshold != 0) set.root_threshold = wish.root_threshold;
    if (wish.image_threshold != 0) set.image_threshold = wish.image_threshold;
    return save(set, wish.out);
}

Result<int> revoke(const std::filesystem::path& from, const std::vector<std::string>& keys,
                   const std::filesystem::path& out) {
    const auto old_set = load_key_set(from);
    if (!old_set) return std::unexpected(old_set.error());
    KeySet set = successor(*old_set);
    for (const std::string& text : keys) {
        const auto key = find_key(*old_set, text);
        if (!key) return std::unexpected(key.error());
        const bool was_root = remove_key(set.roots, *key);
        if (!remove_key(set.images, *key) && !was_root && !set.is_revoked(*key)) {
            return fail(DEFIB_ERROR_SIGNING_NOT_IN_KEY_SET, text);
        }
        if (set.is_revoked(*key)) continue;
        if (!set.revoked.push_back(*key)) {
            return fail(DEFIB_ERROR_SIGNING_TOO_MANY, out.string(), "64 revocations are the most");
        }
    }
    return save(set, out);
}

}  // namespace

Action declare_set(CLI::App& options) {
    const auto wish = std::make_shared<SetWish>();
    options.add_option("-o,--out", wish->out, "the new key set")->required();
    options.add_option("--from", wish->from, "the key set that it follows");
    options.add_option("--root", wish->roots, "add a root key (key file, PEM)");
    options.add_option("--image", wish->images, "add an image key (key file, PEM)");
    options.add_option("--remove", wish->removed, "leave a key out, without revoking it");
    options.add_option("--retire", wish->retired,
                       "KEY=COUNTER: it signs no image above this security counter");
    options.add_option("--root-threshold", wish->root_threshold,
                       "root signatures that a key set needs");
    options.add_option("--image-threshold", wish->image_threshold,
                       "signatures that an image needs");
    return [wish] { return make_set(*wish); };
}

Action declare_revoke(CLI::App& options) {
    struct Given {
        std::vector<std::string> keys;
        std::filesystem::path from;
        std::filesystem::path out;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("KEY", given->keys, "in hexadecimal, by name or by file")->required();
    options.add_option("--set", given->from, "the key set that it is in")->required();
    options.add_option("-o,--out", given->out, "the new key set")->required();
    return [given] { return revoke(given->from, given->keys, given->out); };
}

Action declare_sign(CLI::App& options) {
    struct Given {
        std::filesystem::path file;
        std::filesystem::path out;
        SignerOptions signer;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("SET", given->file, "the key set")->required();
    options.add_option("-o,--out", given->out, "the signed key set (default: in place)");
    given->signer.declare(options);
    return [given]() -> Result<int> {
        auto set = load_key_set(given->file);
        if (!set) return std::unexpected(set.error());
        const BytesToSign message = bytes_to_sign(*set);
        const auto entry = given->signer.sign(message);
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) return DEFIB_EXIT_DONE;
        if (!is_accepted(check_signature(message, (*entry)->signature, (*entry)->key))) {
            return fail(DEFIB_ERROR_SIGNING_BAD_SIGNATURE, given->file.string(), "",
                        "sign the 48 bytes of --bytes-to-sign with plain Ed25519");
        }
        if (auto ok = add_signature(set->signatures, **entry, given->file.string()); !ok) {
            return std::unexpected(ok.error());
        }
        return save(*set, given->out.empty() ? given->file : given->out);
    };
}

Action declare_trust(CLI::App& options) {
    struct Given {
        std::filesystem::path file;
        std::filesystem::path owner_file;
        TrustSetup setup{.folder = "/var/lib/defib"};
        bool is_first = false;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("SET", given->file, "the key set")->required();
    options.add_option("--state", given->setup.folder, "what this machine remembers")
        ->capture_default_str();
    auto* first = options.add_flag("--first", given->is_first,
                                   "set this machine up; nobody but you vouches for this key set");
    auto* tpm = options.add_option("--tpm", given->setup.tcti,
                                   "keep the counters in this TPM, as in device:/dev/tpmrm0");
    tpm->needs(first);
    options.add_option("--tpm-owner-file", given->owner_file, "the TPM's owner authorisation")
        ->needs(tpm);
    return [given]() -> Result<int> {
        const std::string object = given->file.string();
        const auto bytes = load_bytes(given->file);
        if (!bytes) return std::unexpected(bytes.error());
        if (given->is_first) {
            if (!given->owner_file.empty()) {
                const auto owner = Passphrase::read({.file = given->owner_file}, Prompt::once, "");
                if (!owner) return std::unexpected(owner.error());
                given->setup.owner_secret = owner->text();
            }
            const auto store = TrustStore::install(given->setup, as_bytes(*bytes), object);
            if (!store) return std::unexpected(store.error());
            return DEFIB_EXIT_DONE;
        }
        auto store = TrustStore::open(given->setup.folder);
        if (!store) return std::unexpected(store.error());
        if (auto ok = store->adopt(as_bytes(*bytes), object); !ok) {
            return std::unexpected(ok.error());
        }
        return DEFIB_EXIT_DONE;
    };
}

}  // namespace defib::signing
