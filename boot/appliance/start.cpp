// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "boot/appliance/appliance.h"
#include "boot/self_test/self_test.h"
#include "layouts/layout_json.h"

namespace defib::boot {

using image::PartType;

Result<std::unique_ptr<Appliance>> Appliance::start(const Options& options, const Stages& stages,
                                                    const EventLog& log) {
    // First of all: whatever is verified later, is verified with this.
    const auto trusted =
        stages.run("self-test of cryptography", [](std::string&) { return test_cryptography(); });
    if (!trusted) return std::unexpected(trusted.error());
    auto admission = Admission::decide(options, stages);
    if (!admission) return std::unexpected(admission.error());

    std::unique_ptr<Appliance> self(new Appliance(options, log));
    self->admission_ = std::move(*admission);
    struct Stage {
        const char* name;
        Result<void> (Appliance::*step)(std::string&);
    };
    constexpr Stage STAGES[] = {
        {"claim the processor", &Appliance::claim},
        {"self-test of the engine", &Appliance::self_test},
        {"map", &Appliance::map},
        {"find the kernel", &Appliance::find},
        {"prove its identity", &Appliance::prove},
        {"bind", &Appliance::bind_routines},
        {"prepare the seal", &Appliance::prepare},
        {"start", &Appliance::launch},
        {"confirm the image", &Appliance::confirm},
    };
    for (const Stage& stage : STAGES) {
        const auto done =
            stages.run(stage.name, [&](std::string& said) { return ((*self).*stage.step)(said); });
        if (!done) return std::unexpected(done.error());
        const bool is_tested = stage.step == &Appliance::self_test;
        if (is_tested && options.until == Until::self_tested) return nullptr;
    }
    return self;
}

Result<void> Appliance::claim(std::string& said) {
    const image::VerifiedImage& image = admission_->image();
    auto manifest = read_manifest(as_text(image.part(PartType::manifest)), admission_->object());
    if (!manifest) return std::unexpected(manifest.error());
    manifest_ = std::move(*manifest);
    auto twin = TwinCode::load(image.part(PartType::engine_x86_64), admission_->object());
    if (!twin) return std::unexpected(twin.error());
    twin_.emplace(std::move(*twin));
    said = "cpu: the image's twin runs in a process of its own; there is no GPU to claim";
    return {};
}

Result<void> Appliance::self_test(std::string& said) {
    const TwinCode& twin = *twin_;
    said = "cpu";
    return test_engine(manifest_, [&](EngineState& state, const DefibCommand& command) {
        return Result<DefibAnswer>(carry_out_here(twin, state, command));
    });
}

// There is no policy that acts: so the right to write is not even taken.
Result<void> Appliance::map(std::string& said) {
    auto target = Target::open(options_.target, Access::look);
    if (!target) return std::unexpected(target.error());
    target_ = std::move(*target);
    said = fmt::format("{}: {} MiB, to look at", options_.target,
                       target_.memory().bytes().size() >> 20);
    return {};
}

Result<void> Appliance::find(std::string& said) {
    auto kernel = find_kernel(target_);
    if (!kernel) return std::unexpected(kernel.error());
    kernel_ = std::move(*kernel);
    said = kernel_.info.release();
    return {};
}

Result<void> Appliance::prove(std::string& said) {
    const std::string& release = kernel_.info.release();
    const Bytes json = admission_->image().part(PartType::layout_json, release);
    if (json.empty()) {
        return fail(DEFIB_ERROR_APPLIANCE_NO_LAYOUT, release, {},
                    "ask the vendor for an image with it; defib layout extract makes one");
    }
    auto layout = layouts::read_layout(as_text(json), "layout of " + release);
    if (!layout) return std::unexpected(layout.error());
    layout_ = std::move(*layout);
    if (auto proved = prove_identity(target_, kernel_, layout_, Access::look); !proved)
        return proved;
    complete_map(kernel_, layout_);
    said = "banner, types and first process are those of the layout";
    return {};
}

Result<void> Appliance::bind_routines(std::string& said) {
    auto bound = bind(manifest_, layout_, kernel_.text, Scratch{});
    if (!bound) return std::unexpected(bound.error());
    bound_ = std::move(*bound);
    size_t on = 0;
    std::string off;
    for (size_t i = 0; i < bound_.routines.size(); i++) {
        const std::string& name = manifest_.routines[i].name;
        if (name.starts_with("self_test_")) continue;
        const std::string& why = bound_.routines[i].why_off;
        if (why.empty()) {
            on++;
        } else {
            off += fmt::format("; {} is off: {}", name, why);
        }
    }
    said = fmt::format("{} routines are on{}", on, off);
    return {};
}

}  // namespace defib::boot
