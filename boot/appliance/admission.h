// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The first half of a start: which image is there, and may it run on this machine? Nothing of the
// target is touched here.
#ifndef DEFIB_BOOT_APPLIANCE_ADMISSION_H
#define DEFIB_BOOT_APPLIANCE_ADMISSION_H

#include <memory>
#include <optional>

#include "boot/appliance/options.h"
#include "boot/appliance/stages.h"
#include "boot/slots/slots.h"
#include "image/verify.h"
#include "signing/trust_store.h"

namespace defib::boot {

class Admission {
  public:
    static Result<std::unique_ptr<Admission>> decide(const Options& options, const Stages& stages);

    const image::VerifiedImage& image() const { return *image_; }
    const std::string& object() const { return object_; }

    // The image was found healthy: its slot is kept, and nothing older runs here from now on. In
    // this order (boot/slots/README.md). A newer key set that travels in the image then takes the
    // place of the trusted one, on the terms of `defib key trust`; what refuses it is said, and
    // does not stop an image that is healthy.
    Result<void> confirm(std::string& said);

  private:
    Admission() = default;
    std::string adopt_key_set();
    Result<void> read_trust(const Options& options, std::string& said);
    Result<std::string> read_image(const Options& options, std::string& said);
    Result<image::VerifiedImage> verify(std::string file, std::string& said) const;
    Result<image::VerifiedImage> verify_quietly(std::string file) const;

    std::optional<signing::TrustStore> trust_;
    image::VerifyRequest request_;
    std::unique_ptr<Storage> storage_;
    std::optional<Slots> slots_;
    uint32_t slot_ = 0;
    std::string object_;
    std::optional<image::VerifiedImage> image_;
};

}  // namespace defib::boot

#endif
