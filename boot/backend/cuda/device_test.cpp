// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/device.h"

#include <gtest/gtest.h>

#include "boot/backend/cuda/program.h"

namespace defib::boot::cuda {
namespace {

Device card() {
    Device device;
    device.name = "NVIDIA T400";
    device.uuid = "GPU-00000000-0000-0000-0000-000000000001";
    device.pci = "0000:65:00.0";
    device.memory = uint64_t{2} << 30;
    device.multiprocessors = 6;
    device.major = 7;
    device.minor = 5;
    device.maps_host_memory = true;
    return device;
}

Device other_card() {
    Device device = card();
    device.uuid = "GPU-00000000-0000-0000-0000-00000000ABCD";
    device.pci = "0000:A1:00.0";
    return device;
}

std::string refusal_of(const Device& device) {
    const auto chosen = choose_device({device}, "");
    return chosen ? "" : to_line(chosen.error());
}

TEST(ChooseDevice, TakesTheOnlyOne) {
    EXPECT_TRUE(choose_device({card()}, ""));
}

TEST(ChooseDevice, AsksWhichOfSeveral) {
    const auto chosen = choose_device({card(), other_card()}, "");
    ASSERT_FALSE(chosen);
    EXPECT_NE(to_line(chosen.error()).find(other_card().uuid), std::string::npos);
    EXPECT_EQ(exit_status(chosen.error().code), DEFIB_EXIT_ENVIRONMENT);
}

TEST(ChooseDevice, TakesTheOneOfThatUuidOrPciAddress) {
    const std::vector<Device> both = {card(), other_card()};
    EXPECT_EQ(choose_device(both, "gpu-00000000-0000-0000-0000-00000000abcd")->pci, "0000:A1:00.0");
    EXPECT_EQ(choose_device(both, "0000:65:00.0")->uuid, card().uuid);
    EXPECT_FALSE(choose_device(both, "0000:66:00.0"));
}

TEST(ChooseDevice, RefusesOneThatADisplayHasAClockOn) {
    Device device = card();
    device.has_time_limit = true;
    EXPECT_NE(refusal_of(device).find("move the display"), std::string::npos);
}

TEST(ChooseDevice, RefusesOneThatForbidsAllPrograms) {
    Device device = card();
    device.compute_mode = COMPUTE_MODE_PROHIBITED;
    EXPECT_NE(refusal_of(device).find("compute mode"), std::string::npos);
}

TEST(ChooseDevice, RefusesOneThatIsTooOldOrTooSmall) {
    Device old = card();
    old.major = 3;
    EXPECT_NE(refusal_of(old).find("3.5"), std::string::npos);
    Device small = card();
    small.multiprocessors = 2;
    EXPECT_NE(refusal_of(small).find("multiprocessors"), std::string::npos);
    Device blind = card();
    blind.maps_host_memory = false;
    EXPECT_NE(refusal_of(blind).find("memory of this machine"), std::string::npos);
}

TEST(TextFor, IsTheOneThatTheCardCanRun) {
    const GpuCode code = {.text = "since Turing", .older_text = "before"};
    Device device = card();
    EXPECT_EQ(text_for(code, device), "since Turing");
    device.minor = 0;
    EXPECT_EQ(text_for(code, device), "before");
    device.major = 6;
    device.minor = 1;
    EXPECT_EQ(text_for(code, device), "before");
    device.major = 12;
    device.minor = 0;
    EXPECT_EQ(text_for(code, device), "since Turing");
}

TEST(ChooseDevice, SaysThatThereIsNone) {
    const auto chosen = choose_device({}, "");
    ASSERT_FALSE(chosen);
    EXPECT_EQ(exit_status(chosen.error().code), DEFIB_EXIT_ENVIRONMENT);
}

}  // namespace
}  // namespace defib::boot::cuda
