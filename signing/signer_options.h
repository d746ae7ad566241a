// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The options of `key sign` and `image sign`: the same three ways to a signature.
//
//   --key FILE                         a key file here, with its passphrase
//   --bytes-to-sign FILE               write what an HSM has to sign, and stop
//   --attach FILE --public FILE        take what the HSM gave back
#ifndef DEFIB_SIGNING_SIGNER_OPTIONS_H
#define DEFIB_SIGNING_SIGNER_OPTIONS_H

#include <filesystem>
#include <optional>

#include "signing/key_file.h"
#include "signing/signature_block.h"

namespace CLI {
class App;
}

namespace defib::signing {

void declare_passphrase(CLI::App& options, PassphraseSource& source);

struct SignerOptions {
    std::filesystem::path key;
    std::filesystem::path bytes_to_sign;
    std::filesystem::path attach;
    std::filesystem::path public_key;
    PassphraseSource passphrase;

    void declare(CLI::App& options);

    // The signature; nothing when the bytes were written out instead.
    Result<std::optional<SignatureEntry>> sign(const BytesToSign& message) const;
};

}  // namespace defib::signing

#endif
