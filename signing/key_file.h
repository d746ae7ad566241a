// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys as files (FORMAT.md): a public key in the open, a secret one under a passphrase.
#ifndef DEFIB_SIGNING_KEY_FILE_H
#define DEFIB_SIGNING_KEY_FILE_H

#include <filesystem>
#include <string>

#include "signing/crypto.h"
#include "signing/passphrase.h"

namespace defib::signing {

struct NamedKey {
    std::string name;
    PublicKey key;
};

// What a guess at the passphrase costs. The default takes about a second and 256 MB.
struct PassphraseCost {
    uint64_t operations = 3;
    uint64_t memory_bytes = uint64_t{256} << 20;
};

Result<std::string> seal_secret_key(const SecretKey& key, const std::string& name,
                                    const Passphrase& passphrase, const PassphraseCost& cost = {});
Result<SecretKey> open_secret_key(std::string_view text, const Passphrase& passphrase,
                                  const std::string& object);

std::string write_public_key(const NamedKey& key);
std::string write_public_pem(const PublicKey& key);

// Of a public key file, of a secret one (without its passphrase), or of a PEM. A PEM carries no
// name: it gets `object`'s.
Result<NamedKey> read_public_key(std::string_view text, const std::string& object);

Result<NamedKey> load_public_key(const std::filesystem::path& path);
Result<SecretKey> load_secret_key(const std::filesystem::path& path,
                                  const PassphraseSource& source);

}  // namespace defib::signing

#endif
