// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/admission.h"

#include <fmt/format.h>

namespace defib::boot {
Result<std::unique_ptr<Admission>> Admission::decide(const Options& options, const Stages& stages) {
    std::unique_ptr<Admission> self(new Admission);
    const auto trusted = stages.run(
        stage::READ_TRUST, [&](std::string& said) { return self->read_trust(options, said); });
    if (!trusted) return std::unexpected(trusted.error());
    auto file = stages.run(stage::READ_IMAGE,
                           [&](std::string& said) { return self->read_image(options, said); });
    if (!file) return std::unexpected(file.error());
    auto image = stages.run(
        stage::VERIFY, [&](std::string& said) { return self->verify(std::move(*file), said); });
    if (!image) return std::unexpected(image.error());
    self->image_.emplace(std::move(*image));
    return self;
}

Result<void> Admission::read_trust(const Options& options, std::string& said) {
    auto trust = signing::TrustStore::open(options.state);
    if (!trust) return std::unexpected(trust.error());
    trust_.emplace(std::move(*trust));
    const auto least = trust_->least_security_counter();
    if (!least) return std::unexpected(least.error());
    auto machine = options.machine.empty() ? image::read_machine_target()
                                           : image::read_target_id(options.machine);
    if (!machine) return std::unexpected(machine.error());
    request_.trusted = &trust_->key_set();
    request_.least_security_counter = *least;
    request_.machine = std::move(*machine);
    if (options.max_age_days != 0) {
        request_.oldest_source_date = image::oldest_date(options.max_age_days);
    }
    said = fmt::format(
        "key set {}, security counter {} in {}, machine {}", trust_->key_set().version, *least,
        trust_->counters().where(signing::Counter::image), to_text(request_.machine));
    return {};
}

Result<std::string> Admission::read_image(const Options& options, std::string& said) {
    object_ = options.image.string();
    if (options.slots.empty()) {
        said = object_;
        return image::read_image(options.image);
    }
    auto storage = open_storage(options.slots);
    if (!storage) return std::unexpected(storage.error());
    storage_ = std::move(*storage);
    auto slots = Slots::open(*storage_);
    if (!slots) return std::unexpected(slots.error());
    slots_.emplace(*slots);
    auto choice = slots_->choose([&](const std::string& file) -> Result<void> {
        if (auto image = verify_quietly(file); !image) return std::unexpected(image.error());
        return {};
    });
    if (!choice) return std::unexpected(choice.error());
    slot_ = choice->slot;
    object_ = fmt::format("{}, slot {}", options.slots.string(), slot_ == 0 ? "A" : "B");
    said = object_ + (choice->is_trial ? ", for the first time" : "");
    return std::move(choice->image);
}

Result<image::VerifiedImage> Admission::verify_quietly(std::string file) const {
    auto image = image::verify(std::move(file), request_, object_);
    if (!image) return image;
    if (auto can = trust_->check_confirmable(image->running()); !can) {
        return std::unexpected(can.error());
    }
    return image;
}

Result<image::VerifiedImage> Admission::verify(std::string file, std::string& said) const {
    auto image = verify_quietly(std::move(file));
    if (!image) return image;
    said = fmt::format(
        "version {}, {} signatures, security counter {} of at least {}, for this machine",
        image->attributes().version, image->running().verified_with.size(),
        image->attributes().security_counter, request_.least_security_counter);
    return image;
}

Result<void> Admission::confirm(std::string& said) {
    if (slots_) {
        if (auto kept = slots_->confirm(slot_); !kept) return kept;
    }
    if (auto confirmed = trust_->confirm(image_->running()); !confirmed) return confirmed;
    said = "the engine runs; nothing older starts here from now on" + adopt_key_set();
    return {};
}

// After the image was confirmed: the keys that it was verified with cannot be taken away by a set
// that it brings itself.
std::string Admission::adopt_key_set() {
    const Bytes part = image_->part(image::PartType::key_set);
    if (part.empty()) return {};
    const std::string object = "the image's key set";
    const auto set = signing::read_key_set(part, object);
    if (set && set->version <= trust_->key_set().version) return {};
    const auto adopted = set ? trust_->adopt(part, object) : std::unexpected(set.error());
    if (!adopted) return "; " + to_line(adopted.error());
    return fmt::format("; key set {} is trusted from now on", set->version);
}

}  // namespace defib::boot
