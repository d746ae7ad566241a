// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The answers were computed by others: the digest by Python's hashlib, the signature by OpenSSL
// (key: the seed 00 01 ... 1f; message: the bytes to sign of that digest in the context "defib
// self-test").
#include "boot/self_test/self_test.h"
#include "signing/crypto.h"

namespace defib::boot {
namespace {

constexpr const char* PERSONAL = "defib.self-test";
constexpr const char* CONTEXT = "defib self-test";
constexpr const char* DIGEST = "5a5fe5314f6711eca5a54b0e5b82eaf52f60e2748c712e9bc4611a73df62592f";
constexpr const char* KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
constexpr const char* SIGNATURE =
    "b8e34527742c47cca5dd1e085b899d4906d20385df88e73fc9cc348c55652cb3"
    "f1d6811f8c75257c9637abbf2b47be6bb76037013590ab45856e45a2f66cc70e";

std::unexpected<Error> wrong(const char* what) {
    return fail(DEFIB_ERROR_APPLIANCE_SELF_TEST, "cryptography", what,
                "nothing was started; the library libsodium or this processor cannot be trusted");
}

}  // namespace

Result<void> test_cryptography() {
    signing::Digest known{};
    signing::PublicKey key{};
    signing::Signature signature{};
    if (!signing::from_hex(DIGEST, known) || !signing::from_hex(KEY, key) ||
        !signing::from_hex(SIGNATURE, signature)) {
        return wrong("the known answers cannot be read");
    }
    const signing::Digest digest = signing::digest(PERSONAL, as_bytes("abc"));
    if (!is_accepted(signing::compare(signing::bytes_of(digest), signing::bytes_of(known)))) {
        return wrong("a digest is not the known one");
    }
    auto message = signing::bytes_to_sign(CONTEXT, digest);
    if (!is_accepted(signing::check_signature(message, signature, key))) {
        return wrong("a right signature is refused");
    }
    // What refuses nothing lets everything start.
    for (const size_t damaged : {size_t{0}, message.bytes.size() - 1}) {
        message.bytes[damaged] ^= 1;
        if (is_accepted(signing::check_signature(message, signature, key))) {
            return wrong("a wrong signature is accepted");
        }
        message.bytes[damaged] ^= 1;
    }
    signature[40] ^= 0x10;
    if (is_accepted(signing::check_signature(message, signature, key))) {
        return wrong("a damaged signature is accepted");
    }
    return {};
}

}  // namespace defib::boot
