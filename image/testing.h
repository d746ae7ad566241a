// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Images for tests, signed with the keys of signing/testing.h.
#ifndef DEFIB_IMAGE_TESTING_H
#define DEFIB_IMAGE_TESTING_H

#include <string>
#include <vector>

#include "image/build.h"
#include "image/verify.h"
#include "signing/testing.h"

namespace defib::image::testing {

using signing::testing::key;

struct ImageWish {
    uint64_t security_counter = 3;
    uint64_t source_date = 1'750'000'000;
    uint64_t key_set_version = 1;
    std::vector<std::string> targets = {"Acme/R1/*", "Acme/R2/B7"};
    std::vector<std::string> signers = {"image-a"};
    std::string engine = "// the engine\n";
    std::string manifest = "{}\n";
    std::vector<std::pair<std::string, std::string>> layouts = {{"6.1.0-1", "layout one"},
                                                                {"6.12.0-1", "layout two"}};
};

inline Attributes attributes_of(const ImageWish& wish) {
    Attributes attributes;
    attributes.version = "1.4.2";
    attributes.security_counter = wish.security_counter;
    attributes.source_date = wish.source_date;
    attributes.key_set_version = wish.key_set_version;
    for (const auto& target : wish.targets) attributes.targets.push_back(target);
    return attributes;
}

inline std::vector<PartSource> parts_of(const ImageWish& wish) {
    std::vector<PartSource> parts = {
        {PartType::engine_ptx, "sm_75", as_bytes(wish.engine)},
        {PartType::manifest, "", as_bytes(wish.manifest)},
    };
    for (const auto& [name, text] : wish.layouts) {
        parts.push_back({PartType::layout_json, name, as_bytes(text)});
    }
    return parts;
}

inline std::string with_signature(const std::string& file, std::string_view signer) {
    const auto image = parse(as_bytes(file), "test");
    EXPECT_TRUE(image) << to_line(image.error());
    const signing::SecretKey secret = key(signer);
    return attach_signature(as_bytes(file),
                            {secret.public_key(), secret.sign(bytes_to_sign(*image))}, "test")
        .value_or("");
}

inline std::string make_image(const ImageWish& wish) {
    std::string file = build(attributes_of(wish), parts_of(wish), "test").value_or("");
    for (const auto& signer : wish.signers) file = with_signature(file, signer);
    return file;
}

// A machine that takes make_image({}).
inline VerifyRequest request(const signing::KeySet& trusted) {
    return {.trusted = &trusted,
            .machine = {.vendor = "Acme", .model = "R1", .board = "B1"},
            .least_security_counter = 3};
}

}  // namespace defib::image::testing

#endif
