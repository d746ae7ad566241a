// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Every format, made small by hand: what is read from it, and what is said of a damaged one.
#include "layouts/artefact/artefact.h"
#include "layouts/artefact/bzimage.h"

#include <gtest/gtest.h>

#include "layouts/artefact/fixtures.h"
#include "layouts/artefact/identity.h"
#include "layouts/artefact/memory_image.h"

namespace defib::layouts {
namespace {

using fixtures::Packing;

Result<Artefact> read(const std::string& bytes) {
    return read_artefact(Input{"test", {}, as_bytes(bytes)}, {});
}

void expect_tiny(const Result<Artefact>& artefact) {
    ASSERT_TRUE(artefact.has_value()) << to_line(artefact.error());
    const KernelIdentity& kernel = artefact->kernel;
    EXPECT_EQ(kernel.release, "9.9.9-tiny");
    EXPECT_EQ(kernel.banner,
              "Linux version 9.9.9-tiny (nobody@nowhere) (gcc 12) #1 SMP PREEMPT_DYNAMIC today");
    EXPECT_EQ(kernel.architecture, "x86_64");
    EXPECT_EQ(kernel.build_id, "0123456789abcdef");
    EXPECT_EQ(kernel.btf_digest, digest_of(as_bytes(fixtures::tiny_btf())));
    EXPECT_EQ(kernel.smp, true);
    EXPECT_EQ(kernel.preempt_rt, false);
    EXPECT_EQ(kernel.randstruct, false);
    EXPECT_EQ(kernel.page_table_levels, (std::vector<int>{4, 5}));
    EXPECT_EQ(artefact->symbols.at("_text").value, 0);
    EXPECT_TRUE(artefact->symbols.at("runqueues").is_absolute);
    ASSERT_EQ(artefact->types.types.size(), 3U);
    EXPECT_EQ(artefact->types.types[2].name, "tiny");
}

void expect_error(const std::string& bytes, ErrorCode code) {
    const auto artefact = read(bytes);
    ASSERT_FALSE(artefact.has_value());
    EXPECT_EQ(artefact.error().code, code) << to_line(artefact.error());
    EXPECT_EQ(exit_status(artefact.error().code), DEFIB_EXIT_INPUT);
    EXPECT_FALSE(to_line(artefact.error()).contains('\n'));
}

TEST(Artefact, ReadsVmlinux) {
    expect_tiny(read(fixtures::tiny_vmlinux()));
}

TEST(Artefact, ReadsRawBtf) {
    const auto artefact = read(fixtures::tiny_btf());
    ASSERT_TRUE(artefact.has_value()) << to_line(artefact.error());
    EXPECT_EQ(artefact->types.types[2].name, "tiny");
    EXPECT_TRUE(artefact->kernel.release.empty());
    EXPECT_FALSE(artefact->kernel.btf_digest.empty());
}

class Packings : public testing::TestWithParam<Packing> {};

TEST_P(Packings, OfAVmlinuzAreAllRead) {
    expect_tiny(read(fixtures::bzimage(fixtures::pack(fixtures::tiny_vmlinux(), GetParam()))));
}

TEST_P(Packings, OfAPackageAreAllRead) {
    const std::string vmlinuz =
        fixtures::bzimage(fixtures::pack(fixtures::tiny_vmlinux(), Packing::zstd));
    expect_tiny(read(fixtures::deb(
        {{"./usr/share/doc/x", "nothing"}, {"./boot/vmlinuz-9.9.9-tiny", vmlinuz}}, GetParam())));
    expect_tiny(read(fixtures::deb(
        {{"./usr/lib/debug/boot/vmlinux-9.9.9-tiny", fixtures::tiny_vmlinux()}}, GetParam())));
}

INSTANTIATE_TEST_SUITE_P(All, Packings,
                         testing::Values(Packing::none, Packing::gzip, Packing::xz, Packing::lzma,
                                         Packing::zstd, Packing::lz4, Packing::bzip2));

TEST(Artefact, ReadsMemoryAlone) {
    expect_tiny(read(fixtures::tiny_vmcore()));
    const std::string memory = fixtures::tiny_memory();
    expect_tiny(read_ram(Input{"test", {}, as_bytes(memory)}, {}));
}

TEST(Artefact, ReadsAPackedVmlinux) {
    expect_tiny(read(fixtures::pack(fixtures::tiny_vmlinux(), Packing::xz)));
    expect_error(fixtures::pack("neither", Packing::gzip), DEFIB_ERROR_LAYOUT_NO_KERNEL);
}

TEST(Artefact, RefusesAHeaderThatNamesAnotherKernel) {
    std::string vmlinuz = fixtures::bzimage(fixtures::tiny_vmlinux());
    vmlinuz[0x300] = '8';  // 8.9.9-tiny
    expect_error(vmlinuz, DEFIB_ERROR_LAYOUT_MALFORMED);
}

TEST(Artefact, SaysThatAKernelIsRandomised) {
    const auto artefact = read(fixtures::tiny_vmlinux(
        {.vermagic = "9.9.9-tiny SMP mod_unload RANDSTRUCT_0123456789abcdef "}));
    ASSERT_TRUE(artefact.has_value());
    EXPECT_EQ(artefact->kernel.randstruct, true);
}

TEST(Artefact, RefusesWhatItDoesNotKnow) {
    expect_error("", DEFIB_ERROR_LAYOUT_UNKNOWN_FORMAT);
    expect_error("#!/bin/sh\n", DEFIB_ERROR_LAYOUT_UNKNOWN_FORMAT);
    expect_error("KDUMP   " + std::string(8192, '\0'), DEFIB_ERROR_LAYOUT_UNSUPPORTED);
    expect_error(std::string(16 << 20, '\0'), DEFIB_ERROR_LAYOUT_NO_KERNEL);
    expect_error(std::string(16 << 20, 'x'), DEFIB_ERROR_LAYOUT_NO_KERNEL);  // zlib's mark too
}

TEST(Artefact, RefusesElfOfAnotherByteOrderOrWidth) {
    std::string vmlinux = fixtures::tiny_vmlinux();
    vmlinux[5] = 2;  // EI_DATA: big-endian
    expect_error(vmlinux, DEFIB_ERROR_LAYOUT_UNSUPPORTED);
    vmlinux[5] = 1;
    vmlinux[4] = 1;  // EI_CLASS: 32 bits
    expect_error(vmlinux, DEFIB_ERROR_LAYOUT_UNSUPPORTED);
}

TEST(Artefact, RefusesHugeCounts) {
    std::string vmlinux = fixtures::tiny_vmlinux();
    vmlinux[60] = vmlinux[61] = '\xff';  // e_shnum
    expect_error(vmlinux, DEFIB_ERROR_LAYOUT_TRUNCATED);
}

TEST(Artefact, RefusesAPackageWithoutKernel) {
    expect_error(fixtures::deb({{"./usr/bin/true", "x"}}, Packing::xz),
                 DEFIB_ERROR_LAYOUT_NO_KERNEL);
    expect_error(fixtures::ar({{"debian-binary", "2.0\n"}}), DEFIB_ERROR_LAYOUT_TRUNCATED);
    expect_error(fixtures::deb({{"./boot/vmlinuz-x", "no kernel"}}, Packing::gzip),
                 DEFIB_ERROR_LAYOUT_UNSUPPORTED);
}

// What is cut is an error, and one that belongs to the input.
TEST(Artefact, RefusesEveryTruncation) {
    const std::string vmlinux = fixtures::tiny_vmlinux();
    const std::string vmlinuz = fixtures::bzimage(fixtures::pack(vmlinux, Packing::xz));
    const std::string package =
        fixtures::deb({{"./boot/vmlinuz-9.9.9-tiny", vmlinuz}}, Packing::zstd);
    for (const std::string& whole : {vmlinux, vmlinuz, package, fixtures::tiny_btf()}) {
        for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
            const std::string cut = whole.substr(0, length);
            const auto artefact = read(cut);
            ASSERT_FALSE(artefact.has_value()) << length << " of " << whole.size();
            EXPECT_EQ(exit_status(artefact.error().code), DEFIB_EXIT_INPUT);
        }
    }
}

TEST(Artefact, AFlippedBitOfAPayloadWithoutASumIsFound) {
    const std::string payload = fixtures::pack(fixtures::tiny_vmlinux(), Packing::lz4);
    const std::string whole = fixtures::summed_bzimage(payload);
    ASSERT_TRUE(unpack_bzimage({"vmlinuz", {}, as_bytes(whole)}));
    for (size_t at = 1024; at < whole.size(); at += 1 + whole.size() / 499) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_FALSE(unpack_bzimage({"vmlinuz", {}, as_bytes(changed)})) << "byte " << at;
    }
}

TEST(Artefact, SurvivesEveryFlippedByte) {
    const std::string vmlinux = fixtures::tiny_vmlinux();
    const std::string vmlinuz = fixtures::bzimage(fixtures::pack(vmlinux, Packing::lz4));
    const std::string package =
        fixtures::deb({{"./boot/vmlinuz-9.9.9-tiny", vmlinuz}}, Packing::none);
    for (const std::string& whole : {vmlinux, package, fixtures::tiny_vmcore()}) {
        for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 499) {
            std::string changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ 0xff);
            const auto artefact = read(changed);
            if (!artefact) EXPECT_EQ(exit_status(artefact.error().code), DEFIB_EXIT_INPUT);
        }
    }
}

}  // namespace
}  // namespace defib::layouts
