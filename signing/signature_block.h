// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The end of every signed file: who signed it. Layout in FORMAT.md.
#ifndef DEFIB_SIGNING_SIGNATURE_BLOCK_H
#define DEFIB_SIGNING_SIGNATURE_BLOCK_H

#include <string>

#include "engine/base/result.h"
#include "signing/bounded_list.h"
#include "signing/bytes.h"
#include "signing/crypto.h"

namespace defib::signing {

struct SignatureEntry {
    PublicKey key;
    Signature signature;
};

using SignatureList = BoundedList<SignatureEntry, 16>;

// `rest` must hold a signature block and nothing else. A file that does not is malformed, or holds
// more than was signed: images and key sets report that under codes of their own.
struct BlockErrors {
    ErrorCode malformed;
    ErrorCode truncated;
    ErrorCode extraneous;
};
Result<SignatureList> read_signature_block(Bytes rest, const BlockErrors& errors,
                                           const std::string& object);

std::string write_signature_block(const SignatureList& signatures);

// Puts a signature in its place, over an earlier one of the same key.
Result<void> add_signature(SignatureList& signatures, const SignatureEntry& entry,
                           const std::string& object);

}  // namespace defib::signing

#endif
