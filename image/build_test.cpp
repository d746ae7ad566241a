// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "image/build.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "image/testing.h"
#include "signing/testing.h"

namespace defib::image {
namespace {

using testing::attributes_of;
using testing::ImageWish;
using testing::make_image;
using testing::parts_of;

TEST(Build, GivesTheSameBytesWhateverTheOrderOfThePartsAndTargets) {
    const ImageWish wish;
    auto parts = parts_of(wish);
    Attributes attributes = attributes_of(wish);
    const auto one = build(attributes, parts, "one");
    ASSERT_DONE(one);
    std::ranges::reverse(parts);
    std::ranges::reverse(attributes.targets);
    EXPECT_EQ(*build(attributes, parts, "two"), *one);
}

TEST(Build, IsReadBackAsItWasAskedFor) {
    const ImageWish wish;
    const std::string file = make_image(wish);
    const auto image = parse(as_bytes(file), "test");
    ASSERT_DONE(image);
    EXPECT_EQ(image->attributes.version, "1.4.2");
    EXPECT_EQ(image->attributes.security_counter, 3U);
    EXPECT_EQ(image->attributes.source_date, 1'750'000'000U);
    EXPECT_EQ(image->attributes.targets.size(), 2U);
    EXPECT_EQ(image->parts.size(), 4U);
    EXPECT_EQ(as_text(image->find(PartType::engine_ptx, "sm_75")->content), wish.engine);
    EXPECT_EQ(as_text(image->find(PartType::layout_json, "6.12.0-1")->content), "layout two");
    EXPECT_EQ(image->find(PartType::layout_json, "6.13"), nullptr);
    EXPECT_EQ(image->signatures.size(), 1U);
    for (const PartView& part : image->parts) {
        EXPECT_EQ((as_text(part.content).data() - file.data()) % 64, 0);
    }
}

TEST(Build, WantsAPolicyToHaveItsSourceAndItsBindingBesideIt) {
    const auto with = [](std::vector<PartSource> more) {
        const ImageWish wish;
        auto parts = parts_of(wish);
        parts.insert(parts.end(), more.begin(), more.end());
        return build(attributes_of(wish), parts, "test");
    };
    const PartSource source{PartType::policy_source, "", as_bytes("{}")};
    const PartSource binding{PartType::layout_binding, "6.1.0-1", as_bytes("binding")};
    const PartSource policy{PartType::policy, "6.1.0-1", as_bytes("table")};
    const PartSource other{PartType::policy, "6.12.0-1", as_bytes("table")};
    EXPECT_TRUE(with({source, binding, policy}));
    EXPECT_REFUSED(with({source, policy}), IMAGE_INCOMPLETE);
    EXPECT_REFUSED(with({binding, policy}), IMAGE_INCOMPLETE);
    EXPECT_REFUSED(with({source, binding, policy, other}), IMAGE_INCOMPLETE);
}

TEST(Build, RefusesWhatNoImageHas) {
    const ImageWish wish;
    const auto try_parts = [&](auto change) {
        auto parts = parts_of(wish);
        change(parts);
        return build(attributes_of(wish), parts, "test");
    };
    using Parts = std::vector<PartSource>;
    EXPECT_REFUSED(try_parts([](Parts& p) { p.erase(p.begin()); }), IMAGE_INCOMPLETE);
    EXPECT_REFUSED(try_parts([](Parts& p) { p.erase(p.begin() + 1); }), IMAGE_INCOMPLETE);
    EXPECT_REFUSED(try_parts([](Parts& p) { p.push_back(p[0]); }), IMAGE_MALFORMED);
    EXPECT_REFUSED(try_parts([](Parts& p) { p.push_back(p[2]); }), IMAGE_MALFORMED);
    EXPECT_REFUSED(try_parts([](Parts& p) { p[1].name = "x"; }), BASE_USAGE);
    EXPECT_REFUSED(try_parts([](Parts& p) { p[2].name = ""; }), BASE_USAGE);
    EXPECT_REFUSED(try_parts([](Parts& p) { p[2].name = "a b"; }), IMAGE_MALFORMED);
    EXPECT_REFUSED(try_parts([](Parts& p) { p[2].name = std::string(65, 'x'); }), BASE_USAGE);
    EXPECT_REFUSED(try_parts([](Parts& p) { p[0].content = {}; }), IMAGE_MALFORMED);
}

TEST(Build, RefusesAttributesThatNoImageHas) {
    const ImageWish wish;
    const auto try_attributes = [&](auto change) {
        Attributes attributes = attributes_of(wish);
        change(attributes);
        return build(attributes, parts_of(wish), "test");
    };
    const std::string long_text(70000, 'x');
    EXPECT_REFUSED(try_attributes([](Attributes& a) { a.version = ""; }), IMAGE_MALFORMED);
    EXPECT_REFUSED(try_attributes([](Attributes& a) { a.version = "1 2"; }), IMAGE_MALFORMED);
    EXPECT_REFUSED(try_attributes([&](Attributes& a) { a.version = long_text; }), IMAGE_MALFORMED);
    EXPECT_REFUSED(try_attributes([](Attributes& a) { a.targets.clear(); }), IMAGE_INCOMPLETE);
    EXPECT_REFUSED(try_attributes([](Attributes& a) { a.targets[0] = "Acme/R1"; }),
                   IMAGE_MALFORMED);
    EXPECT_REFUSED(try_attributes([](Attributes& a) { a.targets[0] = a.targets[1]; }),
                   IMAGE_MALFORMED);
}

TEST(Attach, KeepsTheImageAndTheOtherSignatures) {
    const std::string one = make_image({.signers = {"image-a"}});
    const std::string two = testing::with_signature(one, "image-b");
    const auto image = parse(as_bytes(two), "test");
    ASSERT_DONE(image);
    EXPECT_EQ(image->signatures.size(), 2U);
    EXPECT_EQ(two.substr(0, image->body.size()), one.substr(0, image->body.size()));
    EXPECT_EQ(testing::with_signature(two, "image-a"), two);
}

TEST(Attach, RefusesASignatureOfSomethingElse) {
    const std::string one = make_image({});
    const std::string other = make_image({.security_counter = 4});
    const auto image = parse(as_bytes(other), "test");
    EXPECT_REFUSED(attach_signature(as_bytes(one), image->signatures[0], "test"),
                   SIGNING_BAD_SIGNATURE);
}

TEST(TargetId, IsReadFromTheFirmwaresTables) {
    const signing::testing::Folder root;
    const auto dmi = root / "sys/class/dmi/id";
    EXPECT_REFUSED(read_machine_target(root.path()), BASE_CANNOT_READ);
    std::filesystem::create_directories(dmi);
    ASSERT_TRUE(write_atomically(dmi / "sys_vendor", "Acme Inc. \n"));
    ASSERT_TRUE(write_atomically(dmi / "product_name", "R1/X*\n"));
    EXPECT_EQ(to_text(*read_machine_target(root.path())), "Acme Inc./R1_X_/unknown");
}

}  // namespace
}  // namespace defib::image
