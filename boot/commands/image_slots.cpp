// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/image_slots.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "boot/commands/look.h"
#include "boot/commands/trusted_image.h"
#include "boot/slots/slots.h"

namespace defib::boot {
namespace {

constexpr uint64_t MIB = uint64_t{1} << 20;

const char* name_of(SlotState state) {
    switch (state) {
        case SlotState::empty:
            return "empty";
        case SlotState::fresh:
            return "fresh";
        case SlotState::trying:
            return "trying";
        case SlotState::healthy:
            return "healthy";
        case SlotState::failed:
            return "failed";
    }
    return "unknown";
}

struct InstallArguments {
    std::filesystem::path image;
    std::filesystem::path slots;
    uint64_t slot_mb = 16;
    TrustArguments trust;
};

Result<int> install(const InstallArguments& arguments) {
    const auto file = image::read_image(arguments.image);
    if (!file) return std::unexpected(file.error());
    const Slots::Judge judge = [&](const std::string& image) -> Result<void> {
        const auto verified = verify_as_boot(image, arguments.trust, arguments.image.string());
        if (!verified) return std::unexpected(verified.error());
        return {};
    };
    // Before a file is made for an image that may not start here.
    if (auto may = judge(*file); !may) return std::unexpected(may.error());
    const auto made =
        create_storage(arguments.slots, RECORD_AREA_BYTES + SLOTS * arguments.slot_mb * MIB);
    if (!made) return std::unexpected(made.error());
    const auto storage = open_storage(arguments.slots);
    if (!storage) return std::unexpected(storage.error());
    auto slots = Slots::open(**storage);
    if (!slots) return std::unexpected(slots.error());
    if (auto done = slots->install(as_bytes(*file), judge); !done) {
        return std::unexpected(done.error());
    }
    fmt::print("it is tried once, at the next start\n");
    return DEFIB_EXIT_DONE;
}

struct ShowArguments {
    std::filesystem::path slots;
    bool is_json = false;
};

Result<int> show(const ShowArguments& arguments) {
    const auto storage = open_storage(arguments.slots);
    if (!storage) return std::unexpected(storage.error());
    const auto slots = Slots::open(**storage);
    if (!slots) return std::unexpected(slots.error());
    const SlotRecord& record = slots->record();
    nlohmann::ordered_json json{{"preferred", record.preferred == 0 ? "A" : "B"},
                                {"slot_bytes", slots->slot_bytes()},
                                {"slots", nlohmann::ordered_json::array()}};
    for (size_t i = 0; i < SLOTS; i++) {
        const SlotEntry& slot = record.slots[i];
        const std::string letter = i == 0 ? "A" : "B";
        json["slots"].push_back(
            {{"slot", letter}, {"state", name_of(slot.state)}, {"size", slot.size}});
        if (arguments.is_json) continue;
        fmt::print("{}  {:<8} {:>9}{}\n", letter, name_of(slot.state), slot.size,
                   i == record.preferred && slot.state != SlotState::empty ? "  preferred" : "");
    }
    if (arguments.is_json) print_json(json);
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_image_install(CLI::App& options) {
    const auto arguments = std::make_shared<InstallArguments>();
    options.add_option("IMAGE", arguments->image, "the signed image")->required();
    options
        .add_option("--slots", arguments->slots,
                    "the file or partition with the two slots; a file is made where there is none")
        ->required()
        ->type_name("FILE");
    options.add_option("--slot-mb", arguments->slot_mb, "size of each slot of a new file")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    declare_trust(options, arguments->trust);
    return [arguments] { return install(*arguments); };
}

Action declare_image_slots(CLI::App& options) {
    const auto arguments = std::make_shared<ShowArguments>();
    options.add_option("FILE", arguments->slots, "the file or partition with the two slots")
        ->required();
    options.add_flag("--json", arguments->is_json, "for programs");
    return [arguments] { return show(*arguments); };
}

}  // namespace defib::boot
