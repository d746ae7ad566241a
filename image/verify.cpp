// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The questions are asked twice, from the first to the last, and both answers are tested (see
// signing/hardened.h for why one is not enough). `judge` is not inlined and its input goes through
// `opaque`, or the compiler would make one call of the two. The form is read twice as well: with
// one load left out, the first reading can see another security counter, or miss the one bad part.
//
// The parts are digested once, which is most of the time that verifying takes. That is enough: a
// fault while digesting gives another digest, or none, and both comparisons refuse either.
#include "image/verify.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "signing/durable_file.h"

namespace defib::image {
namespace {

using signing::both;
using signing::is_accepted;
using signing::opaque;
using signing::Verdict;

struct Judgement {
    Verdict verdict = Verdict::refused;
    std::optional<Error> reason;
    signing::BoundedList<signing::PublicKey, 16> verified_with;
};

Judgement refuse(ErrorCode code, const std::string& object, std::string detail,
                 std::string advice = {}) {
    return {Verdict::refused, Error{code, object, std::move(detail), std::move(advice)}, {}};
}

using DigestList = signing::BoundedList<signing::Digest, MOST_PARTS>;

DigestList digest_parts(const ImageView& image) {
    DigestList digests;
    for (const PartView& part : image.parts) {
        digests.push_back(signing::digest(PART_PERSONAL, part.content));
    }
    return digests;
}

// Every part is the one whose digest was signed. The loop counts what it found right: leaving it
// early, by whatever accident, is not the same as having been through.
Judgement judge_parts(const ImageView& image, const DigestList& digests,
                      const std::string& object) {
    if (opaque(digests.size()) != image.parts.size()) return {};
    size_t right = 0;
    for (const PartView& part : image.parts) {
        const signing::Digest& digest = digests[right];
        if (!is_accepted(
                signing::compare(signing::bytes_of(digest), signing::bytes_of(part.digest)))) {
            return refuse(DEFIB_ERROR_IMAGE_MIXED_PARTS, object,
                          std::string(part.kind().name) + (part.name.empty() ? "" : " ") +
                              std::string(part.name),
                          "it was damaged, or taken from another image; fetch the image again");
        }
        ++right;
    }
    if (opaque(right) != image.parts.size()) return {};
    return {Verdict::accepted, {}, {}};
}

Judgement judge_age(const Attributes& attributes, const VerifyRequest& request,
                    const std::string& object) {
    if (opaque(request.trusted->version) < attributes.key_set_version) {
        return refuse(DEFIB_ERROR_IMAGE_KEY_SET_BEHIND, object,
                      "version " + std::to_string(attributes.key_set_version) + ", and this is " +
                          std::to_string(request.trusted->version),
                      "fetch the vendor's newest key set first");
    }
    if (opaque(attributes.security_counter) < request.least_security_counter) {
        return refuse(DEFIB_ERROR_IMAGE_ROLLED_BACK, object,
                      "security counter " + std::to_string(attributes.security_counter) +
                          ", and this machine is at " +
                          std::to_string(request.least_security_counter),
                      "fetch the vendor's newest image");
    }
    if (request.oldest_source_date && attributes.source_date < *request.oldest_source_date) {
        const uint64_t days = (*request.oldest_source_date - attributes.source_date) / 86400;
        return refuse(DEFIB_ERROR_IMAGE_TOO_OLD, object, "by " + std::to_string(days) + " days",
                      "fetch a newer one; if there is none, somebody may be keeping it from you");
    }
    return {Verdict::accepted, {}, {}};
}

Judgement judge_target(const Attributes& attributes, const VerifyRequest& request,
                       const std::string& object) {
    for (const std::string_view text : attributes.targets) {
        TargetPattern pattern;
        if (read_target(text, pattern) && matches(pattern, request.machine)) {
            return {Verdict::accepted, {}, {}};
        }
    }
    std::string others(attributes.targets[0]);
    if (attributes.targets.size() > 1) others += " and others";
    return refuse(DEFIB_ERROR_IMAGE_WRONG_TARGET, object,
                  "for " + others + ", and this is " + to_text(request.machine),
                  "fetch the one for this machine");
}

[[gnu::noinline]] Judgement judge(const ImageView& image, const DigestList& digests,
                                  const VerifyRequest& request, const std::string& object) {
    const auto signatures =
        signing::judge_image_signatures(*request.trusted, bytes_to_sign(image), image.signatures,
                                        image.attributes.security_counter, object);
    if (!is_accepted(signatures.verdict)) return {Verdict::refused, signatures.reason, {}};
    Judgement parts = judge_parts(image, digests, object);
    if (!is_accepted(parts.verdict)) return parts;
    Judgement age = judge_age(image.attributes, request, object);
    if (!is_accepted(age.verdict)) return age;
    Judgement target = judge_target(image.attributes, request, object);
    if (!is_accepted(target.verdict)) return target;
    return {both(both(signatures.verdict, parts.verdict), both(age.verdict, target.verdict)),
            {},
            signatures.verified_with};
}

std::unexpected<Error> why_not(const Judgement& judgement, const std::string& object) {
    if (judgement.reason) return std::unexpected(*judgement.reason);
    // A verdict that no question gave: the computation itself went wrong.
    return fail(DEFIB_ERROR_SIGNING_BAD_SIGNATURE, object, "the check was disturbed", "try again");
}

}  // namespace

VerifiedImage::VerifiedImage(VerifiedImage&& other) noexcept
    : file_(std::move(other.file_)),
      view_(other.view_),
      running_(other.running_),
      verdict_(std::exchange(other.verdict_, Verdict::refused)) {}

VerifiedImage::~VerifiedImage() {
    verdict_ = Verdict::refused;
    // Says that the store above is looked at; it would be left out as dead otherwise.
    opaque(this);
}

Bytes VerifiedImage::part(PartType type, std::string_view name) const {
    if (!is_genuine()) return {};
    const PartView* found = view_.find(type, name);
    return found ? found->content : Bytes{};
}

uint64_t oldest_date(uint64_t max_age_days) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const auto today = uint64_t(now.count());
    const uint64_t age = max_age_days * 86400;
    return today > age ? today - age : 0;
}

Result<VerifiedImage> verify(std::string file, const VerifyRequest& request,
                             const std::string& object) {
    VerifiedImage image;
    image.file_ = std::make_unique<const std::string>(std::move(file));
    const auto view = parse(as_bytes(*image.file_), object);
    if (!view) return std::unexpected(view.error());
    const DigestList digests = digest_parts(*view);
    const Judgement first = judge(*opaque(&*view), digests, request, object);
    if (!is_accepted(first.verdict)) return why_not(first, object);
    const auto again = parse(as_bytes(*opaque(image.file_.get())), object);
    if (!again) return std::unexpected(again.error());
    const Judgement second = judge(*opaque(&*again), digests, request, object);
    if (!is_accepted(second.verdict)) return why_not(second, object);
    image.view_ = *again;
    image.running_.security_counter = again->attributes.security_counter;
    image.running_.verified_with = second.verified_with;
    image.verdict_ = both(first.verdict, second.verdict);
    if (!image.is_genuine()) return why_not({}, object);
    return image;
}

Result<std::string> read_image(const std::filesystem::path& path) {
    return signing::read_at_most(path, MOST_IMAGE_BYTES, DEFIB_ERROR_IMAGE_ENDLESS);
}

}  // namespace defib::image
