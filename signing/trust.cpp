// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "signing/trust.h"

#include <algorithm>

namespace defib::signing {
namespace {

std::string short_name(const PublicKey& key) {
    return to_hex(key).substr(0, 16);
}

// How many of `roots` signed `set`. A root's signature that is wrong is no missing signature but a
// damaged or forged file, and ends the count.
Result<uint32_t> count_root_signatures(const KeySet& roots, const KeySet& set,
                                       const std::string& object) {
    const BytesToSign message = bytes_to_sign(set);
    uint32_t count = 0;
    for (const SignatureEntry& entry : set.signatures) {
        if (!roots.find_root(entry.key)) continue;
        if (!is_accepted(check_signature(message, entry.signature, entry.key))) {
            return fail(DEFIB_ERROR_SIGNING_BAD_SIGNATURE, object,
                        "that of root key " + short_name(entry.key),
                        "the file was changed after it was signed; fetch it again");
        }
        ++count;
    }
    return count;
}

bool still_runs(const KeySet& set, const RunningImage& running) {
    const auto counts = [&](const PublicKey& key) {
        const KeyEntry* entry = set.find_image(key);
        return entry && entry->first_counter <= running.security_counter &&
               running.security_counter <= entry->last_counter;
    };
    return std::ranges::count_if(running.verified_with, counts) >= int64_t{set.image_threshold};
}

}  // namespace

Result<void> check_self_signed(const KeySet& set, const std::string& object) {
    const auto count = count_root_signatures(set, set, object);
    if (!count) return std::unexpected(count.error());
    if (*count >= set.root_threshold) return {};
    return fail(DEFIB_ERROR_SIGNING_BELOW_THRESHOLD, object,
                "signed by " + std::to_string(*count) + " of its own root keys, and " +
                    std::to_string(set.root_threshold) + " are needed",
                "sign it with defib key sign");
}

Result<void> check_successor(const KeySet& trusted, const KeySet& candidate,
                             const std::optional<RunningImage>& running,
                             const std::string& object) {
    // Who signed it comes first: what a stranger's file says of its version is of no interest.
    const auto count = count_root_signatures(trusted, candidate, object);
    if (!count) return std::unexpected(count.error());
    if (*count == 0) {
        return fail(DEFIB_ERROR_SIGNING_FOREIGN_KEY_SET, object,
                    "no root key of the trusted key set signed it",
                    "if all root keys were replaced since version " +
                        std::to_string(trusted.version) + ", show the key sets in between first");
    }
    if (*count < trusted.root_threshold) {
        return fail(DEFIB_ERROR_SIGNING_BELOW_THRESHOLD, object,
                    "signed by " + std::to_string(*count) + " trusted root keys, and " +
                        std::to_string(trusted.root_threshold) + " are needed",
                    "let another root key sign it, with defib key sign");
    }
    if (auto own = check_self_signed(candidate, object); !own) return own;
    if (candidate.version < trusted.version) {
        return fail(DEFIB_ERROR_SIGNING_STALE_KEY_SET, object,
                    "version " + std::to_string(candidate.version) + ", and this machine trusts " +
                        std::to_string(trusted.version),
                    "fetch the vendor's newest key set");
    }
    if (candidate.version == trusted.version && candidate.body_digest != trusted.body_digest) {
        return fail(DEFIB_ERROR_SIGNING_STALE_KEY_SET, object,
                    "another key set of the version that this machine trusts already",
                    "fetch the vendor's newest key set");
    }
    for (const PublicKey& key : trusted.revoked) {
        if (candidate.is_revoked(key)) continue;
        return fail(DEFIB_ERROR_SIGNING_REVOCATION_LOST, object, "of key " + short_name(key),
                    "make the key set from the newest one: defib key set --from");
    }
    if (running && !still_runs(candidate, *running)) {
        return fail(DEFIB_ERROR_SIGNING_REVOKES_RUNNING, object,
                    "this machine would not start again",
                    "first start an image that is signed with a key that stays");
    }
    return {};
}

// All signatures are looked at, also after the threshold is met: a known key's signature that is
// wrong means that somebody changed this file. The count is kept twice, in opposite directions, and
// both ends have to agree with the threshold.
ImageJudgement judge_image_signatures(const KeySet& trusted, const BytesToSign& message,
                                      const SignatureList& signatures, uint64_t security_counter,
                                      const std::string& object) {
    ImageJudgement judgement;
    const auto refuse = [&](ErrorCode code, std::string detail, std::string advice = {}) {
        judgement.verdict = Verdict::refused;
        judgement.reason = Error{code, object, std::move(detail), std::move(advice)};
        return judgement;
    };
    std::optional<Error> why_one_does_not_count;
    const auto pass_over = [&](ErrorCode code, const PublicKey& key, std::string detail) {
        if (why_one_does_not_count) return;
        why_one_does_not_count =
            Error{code, object, "key " + short_name(key) + std::move(detail),
                  "fetch an image that is signed with one of the vendor's present keys"};
    };
    uint32_t have = 0;
    uint32_t missing = trusted.image_threshold;
    for (const SignatureEntry& entry : signatures) {
        if (trusted.is_revoked(entry.key)) {
            pass_over(DEFIB_ERROR_SIGNING_KEY_REVOKED, entry.key, "");
            continue;
        }
        const KeyEntry* key = trusted.find_image(entry.key);
        if (!key) continue;
        if (!is_accepted(check_signature(message, entry.signature, entry.key))) {
            return refuse(DEFIB_ERROR_SIGNING_BAD_SIGNATURE,
                          "that of key " + short_name(entry.key) + ", " + std::string(key->name()),
                          "the file was changed after it was signed; fetch it again");
        }
        if (security_counter < key->first_counter || security_counter > key->last_counter) {
            pass_over(DEFIB_ERROR_SIGNING_KEY_RETIRED, entry.key,
                      ", " + std::string(key->name()) + ", may not sign security counter " +
                          std::to_string(security_counter));
            continue;
        }
        judgement.verified_with.push_back(entry.key);
        ++have;
        --missing;
    }
    if (opaque(have) >= trusted.image_threshold && int32_t(opaque(missing)) <= 0) {
        judgement.verdict =
            both(opaque(have) > 0 ? Verdict::accepted : Verdict::refused,
                 int32_t(opaque(missing)) <= 0 ? Verdict::accepted : Verdict::refused);
        return judgement;
    }
    if (signatures.empty()) {
        return refuse(DEFIB_ERROR_SIGNING_UNSIGNED, "", "sign it with defib image sign");
    }
    if (why_one_does_not_count && have == 0) {
        judgement.reason = why_one_does_not_count;
        return judgement;
    }
    if (have == 0) {
        return refuse(DEFIB_ERROR_SIGNING_KEY_UNKNOWN,
                      "signed by " + short_name(signatures[0].key) +
                          (signatures.size() > 1 ? " and others" : ""),
                      "if it is the vendor's new key, fetch the vendor's new key set first");
    }
    return refuse(DEFIB_ERROR_SIGNING_BELOW_THRESHOLD,
                  "signed by " + std::to_string(have) + " trusted image keys, and " +
                      std::to_string(trusted.image_threshold) + " are needed",
                  "fetch one that more of the vendor's keys have signed");
}

}  // namespace defib::signing
