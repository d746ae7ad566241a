// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Which key set may follow which, and which signatures count.
//
// The chain: a machine that trusts key set N accepts a newer one if enough root keys *of N* signed
// it, and enough root keys of its own did too. The first is the permission, the second the proof
// that the new root keys exist and work: without it, a mistake in a list of keys would lock every
// machine out. A thief of fewer root keys than the threshold can do neither.
//
// Versions may be skipped as long as that holds. When all root keys were replaced in between, the
// key set that replaced them has to be shown first.
#ifndef DEFIB_SIGNING_TRUST_H
#define DEFIB_SIGNING_TRUST_H

#include <optional>
#include <string>

#include "signing/key_set.h"

namespace defib::signing {

// What is known of the image that runs while a key set is exchanged.
struct RunningImage {
    uint64_t security_counter = 0;
    BoundedList<PublicKey, 16> verified_with{};
};

// Signed by enough of its own roots. The first key set of a machine, and every one read from disk.
Result<void> check_self_signed(const KeySet& set, const std::string& object);

// May `candidate` take the place of `trusted`?
Result<void> check_successor(const KeySet& trusted, const KeySet& candidate,
                             const std::optional<RunningImage>& running, const std::string& object);

// What an image's signatures come to. Hardened: both functions are on the path that starts code.
struct ImageJudgement {
    Verdict verdict = Verdict::refused;
    std::optional<Error> reason;  // set when refused
    BoundedList<PublicKey, 16> verified_with{};
};
ImageJudgement judge_image_signatures(const KeySet& trusted, const BytesToSign& message,
                                      const SignatureList& signatures, uint64_t security_counter,
                                      const std::string& object);

}  // namespace defib::signing

#endif
