// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/gpu_host.h"

#include <gtest/gtest.h>

namespace defib::boot::cuda {
namespace {

TEST(CodeForGeneration, IsKnownByTheNameOfItsPart) {
    const auto code = code_for_generation("sm_90", "code");
    ASSERT_TRUE(code);
    EXPECT_EQ(code->major, 9);
    EXPECT_EQ(code->minor, 0);
    EXPECT_EQ(code->bytes, "code");
    EXPECT_EQ(code_for_generation("sm_121", "")->major, 12);
    EXPECT_EQ(code_for_generation("sm_121", "")->minor, 1);
}

TEST(CodeForGeneration, IsNotThatOfAnyOtherName) {
    for (const char* name : {"", "sm_", "sm_90a", "sm_9", "sm_-75", "compute_90", "90", "sm_75 ",
                             "sm_99999999999999999999"}) {
        EXPECT_FALSE(code_for_generation(name, "code")) << name;
    }
}

TEST(NewestText, IsTheNewestThatTheCardCanRun) {
    const Cubin texts[] = {{7, 5, "old"}, {9, 0, "new"}, {12, 0, "newest"}};
    Device device;
    device.major = 9;
    EXPECT_EQ(newest_text(texts, device)->bytes, "new");
    device.major = 8;
    device.minor = 9;
    EXPECT_EQ(newest_text(texts, device)->bytes, "old");
    device.major = 7;
    device.minor = 0;
    EXPECT_EQ(newest_text(texts, device), nullptr);
    EXPECT_EQ(newest_text({}, device), nullptr);
}

}  // namespace
}  // namespace defib::boot::cuda
