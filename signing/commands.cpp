// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "signing/durable_file.h"
#include "signing/key_file.h"
#include "signing/key_set.h"
#include "signing/key_set_commands.h"
#include "signing/signer_options.h"
#include "signing/trust.h"

namespace defib::signing {
namespace {

Action declare_new(CLI::App& options) {
    struct Given {
        std::string name;
        std::filesystem::path out;
        PassphraseSource passphrase;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("NAME", given->name, "for people: image-2026, root-alice")->required();
    options.add_option("-o,--out", given->out, "the secret key; FILE.pub gets the public one")
        ->required();
    declare_passphrase(options, given->passphrase);
    return [given]() -> Result<int> {
        const auto passphrase =
            Passphrase::read(given->passphrase, Prompt::twice, given->out.string());
        if (!passphrase) return std::unexpected(passphrase.error());
        const auto key = SecretKey::generate();
        if (!key) return std::unexpected(key.error());
        const auto sealed = seal_secret_key(*key, given->name, *passphrase);
        if (!sealed) return std::unexpected(sealed.error());
        if (auto ok = write_secret(given->out, *sealed); !ok) return std::unexpected(ok.error());
        const auto out = given->out.string() + ".pub";
        const auto written =
            write_atomically(out, write_public_key({given->name, key->public_key()}));
        if (!written) return std::unexpected(written.error());
        fmt::print("{}\n", to_hex(key->public_key()));
        return DEFIB_EXIT_DONE;
    };
}

nlohmann::ordered_json to_json(const KeyEntry& entry) {
    nlohmann::ordered_json out{{"name", entry.name()}, {"public", to_hex(entry.key)}};
    if (entry.first_counter != 0) out["first_counter"] = entry.first_counter;
    if (entry.last_counter != NO_END) out["last_counter"] = entry.last_counter;
    return out;
}

bool is_self_signed(const KeySet& set) {
    return check_self_signed(set, "").has_value();
}

void print_json(const KeySet& set) {
    nlohmann::ordered_json out{{"kind", "key set"},
                               {"version", set.version},
                               {"root_threshold", set.root_threshold},
                               {"image_threshold", set.image_threshold},
                               {"signed_by_its_roots", is_self_signed(set)}};
    for (const char* list : {"roots", "images", "revoked", "signatures"}) {
        out[list] = nlohmann::ordered_json::array();
    }
    for (const KeyEntry& entry : set.roots) out["roots"].push_back(to_json(entry));
    for (const KeyEntry& entry : set.images) out["images"].push_back(to_json(entry));
    for (const PublicKey& key : set.revoked) out["revoked"].push_back(to_hex(key));
    for (const SignatureEntry& entry : set.signatures) {
        out["signatures"].push_back(to_hex(entry.key));
    }
    fmt::print("{}\n", out.dump(2));
}

void print_text(const KeySet& set) {
    fmt::print("key set, version {}{}\n", set.version,
               is_self_signed(set) ? "" : " (not yet signed by enough of its root keys)");
    fmt::print("{} of {} root keys sign the next key set:\n", set.root_threshold, set.roots.size());
    for (const KeyEntry& entry : set.roots) {
        fmt::print("  {}  {}\n", to_hex(entry.key), entry.name());
    }
    fmt::print("{} of {} image keys sign an image:\n", set.image_threshold, set.images.size());
    for (const KeyEntry& entry : set.images) {
        fmt::print("  {}  {}", to_hex(entry.key), entry.name());
        if (entry.first_counter != 0) fmt::print("  from counter {}", entry.first_counter);
        if (entry.last_counter != NO_END) fmt::print("  to counter {}", entry.last_counter);
        fmt::print("\n");
    }
    if (!set.revoked.empty()) fmt::print("revoked:\n");
    for (const PublicKey& key : set.revoked) fmt::print("  {}\n", to_hex(key));
    if (!set.signatures.empty()) fmt::print("signed by:\n");
    for (const SignatureEntry& entry : set.signatures) {
        const KeyEntry* root = set.find_root(entry.key);
        fmt::print("  {}  {}\n", to_hex(entry.key),
                   root ? root->name() : "no root key of this set");
    }
}

using Print = void(const KeySet& set);

Result<int> show_key_set(const std::string& content, const std::string& object, Print* print) {
    const auto set = read_key_set(as_bytes(content), object);
    if (!set) return std::unexpected(set.error());
    const auto is_signed = check_self_signed(*set, object);
    if (!is_signed && is_signed.error().code != DEFIB_ERROR_SIGNING_BELOW_THRESHOLD) {
        return std::unexpected(is_signed.error());
    }
    print(*set);
    return DEFIB_EXIT_DONE;
}

Action declare_show(CLI::App& options) {
    struct Given {
        std::filesystem::path file;
        bool as_pem = false;
        bool as_json = false;
    };
    const auto given = std::make_shared<Given>();
    options.add_option("FILE", given->file, "a key file, a PEM, or a key set")->required();
    options.add_flag("--pem", given->as_pem, "the public key for openssl and HSMs");
    options.add_flag("--json", given->as_json, "for programs");
    return [given]() -> Result<int> {
        const auto content =
            read_at_most(given->file, MOST_KEY_SET_BYTES, DEFIB_ERROR_SIGNING_NOT_A_KEY);
        if (!content) return std::unexpected(content.error());
        if (content->starts_with("DEFIBKST") && !given->as_pem) {
            return show_key_set(*content, given->file.string(),
                                given->as_json ? print_json : print_text);
        }
        const auto key = read_public_key(*content, given->file.string());
        if (!key) return std::unexpected(key.error());
        if (given->as_pem) {
            fmt::print("{}", write_public_pem(key->key));
        } else if (given->as_json) {
            const nlohmann::ordered_json out{
                {"kind", "key"}, {"name", key->name}, {"public", to_hex(key->key)}};
            fmt::print("{}\n", out.dump(2));
        } else {
            fmt::print("{}  {}\n", to_hex(key->key), key->name);
        }
        return DEFIB_EXIT_DONE;
    };
}

constexpr Command COMMANDS[] = {
    {"key", "new", "make a key pair, the secret key under a passphrase", declare_new},
    {"key", "show", "show a key or a key set", declare_show},
    {"key", "set", "make the next key set, to be signed by root keys", declare_set},
    {"key", "revoke", "make the next key set without a key, for ever", declare_revoke},
    {"key", "sign", "sign a key set as a root, here or with an HSM", declare_sign},
    {"key", "trust", "make this machine trust a key set", declare_trust},
};

}  // namespace

std::span<const Command> commands() {
    return COMMANDS;
}

}  // namespace defib::signing
