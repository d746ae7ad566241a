// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// May this image run on this machine, now?
//
// The answer is a VerifiedImage, which only verify() can make, or one reason why not. The order of
// the questions is that of trust: nothing that an image says about itself is looked at before its
// signatures were.
#ifndef DEFIB_IMAGE_VERIFY_H
#define DEFIB_IMAGE_VERIFY_H

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "image/parse.h"
#include "image/target_id.h"
#include "signing/hardened.h"
#include "signing/key_set.h"
#include "signing/trust.h"

namespace defib::image {

// -Wmissing-designated-field-initializers wants an initializer for each field.
// NOLINTBEGIN(readability-redundant-member-init)
struct VerifyRequest {
    const signing::KeySet* trusted = nullptr;
    TargetId machine = {};
    uint64_t least_security_counter = 0;  // of this machine's anti-rollback counter
    // The operator's answer to a server that never shows a newer image; nothing: any age will do.
    std::optional<uint64_t> oldest_source_date = {};
};
// NOLINTEND(readability-redundant-member-init)

class VerifiedImage {
  public:
    VerifiedImage(VerifiedImage&& other) noexcept;
    VerifiedImage& operator=(VerifiedImage&&) = delete;
    // Leaves no accepted verdict behind in memory, where a skipped check could find it.
    ~VerifiedImage();

    // Boot asks once more, right before it starts what is in here: a skipped "if" after verify()
    // must not be enough.
    bool is_genuine() const { return is_accepted(verdict_); }

    const Attributes& attributes() const { return view_.attributes; }
    // Empty when the image has no such part.
    Bytes part(PartType type, std::string_view name = {}) const;
    const PartList& parts() const { return view_.parts; }

    // For the machine's trust store, once the image was found healthy.
    const signing::RunningImage& running() const { return running_; }

  private:
    friend Result<VerifiedImage> verify(std::string file, const VerifyRequest& request,
                                        const std::string& object);
    VerifiedImage() = default;

    std::unique_ptr<const std::string> file_;
    ImageView view_;
    signing::RunningImage running_;
    signing::Verdict verdict_ = signing::Verdict::refused;
};

// A hundred years, in days: the most that an operator can mean.
inline constexpr int MOST_AGE_DAYS = 36'500;
// The oldest source date that an image may have, of one that is so many days old at most.
uint64_t oldest_date(uint64_t max_age_days);

// Takes the bytes into its own keeping: a file, or a mapping of one, could be changed by somebody
// else between the check and the use.
Result<VerifiedImage> verify(std::string file, const VerifyRequest& request,
                             const std::string& object);

// The whole file, unless it is larger than any image: then no more of it is read.
Result<std::string> read_image(const std::filesystem::path& path);

}  // namespace defib::image

#endif
