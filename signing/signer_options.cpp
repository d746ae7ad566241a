// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/signer_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "signing/durable_file.h"

namespace defib::signing {
namespace {

// An HSM's signature: 64 bytes, or those in hexadecimal as some tools print them.
Result<Signature> load_signature(const std::filesystem::path& path) {
    auto content = read_at_most(path, 4096, DEFIB_ERROR_SIGNING_BAD_SIGNATURE);
    if (!content) return std::unexpected(content.error());
    Signature signature{};
    if (content->size() == signature.size()) {
        std::ranges::transform(*content, signature.begin(), [](char c) { return uint8_t(c); });
        return signature;
    }
    while (!content->empty() && (content->back() == '\n' || content->back() == '\r')) {
        content->pop_back();
    }
    if (from_hex(*content, signature)) return signature;
    return fail(DEFIB_ERROR_SIGNING_BAD_SIGNATURE, path.string(),
                "neither 64 bytes nor 128 hexadecimal digits");
}

}  // namespace

void declare_passphrase(CLI::App& options, PassphraseSource& source) {
    auto* file = options.add_option("--passphrase-file", source.file,
                                    "take the passphrase from this file's first line");
    options.add_option("--passphrase-fd", source.fd, "take it from this open descriptor")
        ->excludes(file);
}

void SignerOptions::declare(CLI::App& options) {
    auto* way = options.add_option_group("signature");
    way->add_option("--key", key, "sign with this secret key file");
    way->add_option("--bytes-to-sign", bytes_to_sign,
                    "write what an HSM has to sign here, and stop");
    auto* attached = way->add_option("--attach", attach, "add this signature, made elsewhere");
    way->require_option(1);
    auto* by = options.add_option("--public", public_key, "whose signature it is (key file, PEM)");
    attached->needs(by);
    by->needs(attached);
    declare_passphrase(options, passphrase);
}

Result<std::optional<SignatureEntry>> SignerOptions::sign(const BytesToSign& message) const {
    if (!bytes_to_sign.empty()) {
        const auto written = write_atomically(bytes_to_sign, as_text(bytes_of(message.bytes)));
        if (!written) return std::unexpected(written.error());
        return std::nullopt;
    }
    if (!attach.empty()) {
        const auto named = load_public_key(public_key);
        if (!named) return std::unexpected(named.error());
        const auto signature = load_signature(attach);
        if (!signature) return std::unexpected(signature.error());
        return SignatureEntry{named->key, *signature};
    }
    const auto secret = load_secret_key(key, passphrase);
    if (!secret) return std::unexpected(secret.error());
    return SignatureEntry{secret->public_key(), secret->sign(message)};
}

}  // namespace defib::signing
