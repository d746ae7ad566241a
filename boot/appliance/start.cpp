// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "boot/appliance/appliance.h"
#include "boot/binder/binding_file.h"
#include "boot/find/scratch.h"
#include "boot/self_test/self_test.h"
#include "boot/session/vocabulary.h"
#include "image/policy/compile.h"
#include "layouts/layout_json.h"

namespace defib::boot {

using image::PartType;

namespace {

// The image's parts of that type, for the generations of cards in their names.
std::vector<cuda::Cubin> code_of(const image::VerifiedImage& image, PartType type) {
    std::vector<cuda::Cubin> all;
    for (const image::PartView& part : image.parts()) {
        if (part.type != type) continue;
        const auto code = cuda::code_for_generation(part.name, as_text(part.content));
        if (code) all.push_back(*code);
    }
    return all;
}

}  // namespace

Result<std::unique_ptr<Appliance>> Appliance::start(const Options& options, const Stages& stages,
                                                    const EventLog& log) {
    // First of all: whatever is verified later, is verified with this.
    const auto trusted =
        stages.run(stage::TEST_CRYPTOGRAPHY, [](std::string&) { return test_cryptography(); });
    if (!trusted) return std::unexpected(trusted.error());
    auto admission = Admission::decide(options, stages);
    if (!admission) return std::unexpected(admission.error());

    std::unique_ptr<Appliance> self(new Appliance(options, log));
    self->admission_ = std::move(*admission);
    // Before anything of the target is there: these processes must never have it.
    if (!options.metrics.empty() || !options.program.empty()) {
        const auto told =
            stages.run(stage::OPEN_TOLD, [&](std::string& said) { return self->open_told(said); });
        if (!told) return std::unexpected(told.error());
    }
    if (!options.serve.empty()) {
        const auto open = stages.run(stage::OPEN_REMOTE,
                                     [&](std::string& said) { return self->open_remote(said); });
        if (!open) return std::unexpected(open.error());
    }
    struct Step {
        const Stage* stage;
        Result<void> (Appliance::*step)(std::string&);
    };
    constexpr Step STEPS[] = {
        {&stage::CLAIM, &Appliance::claim},
        {&stage::TEST_ENGINE, &Appliance::self_test},
        {&stage::MAP, &Appliance::map},
        {&stage::FIND_KERNEL, &Appliance::find},
        {&stage::PROVE_IDENTITY, &Appliance::prove},
        {&stage::BIND, &Appliance::bind_routines},
        {&stage::LOAD_POLICY, &Appliance::load_policy},
        {&stage::PREPARE_SEAL, &Appliance::prepare},
        {&stage::START, &Appliance::launch},
        {&stage::CONFIRM, &Appliance::confirm},
    };
    for (const Step& one : STEPS) {
        const auto done =
            stages.run(*one.stage, [&](std::string& said) { return ((*self).*one.step)(said); });
        if (!done) return std::unexpected(done.error());
        if (one.step == &Appliance::launch && !options.serve.empty()) {
            const auto answers = stages.run(stage::LET_REMOTES_ASK, [&](std::string& said) {
                return self->start_answerer(said);
            });
            if (!answers) return std::unexpected(answers.error());
        }
        const bool is_tested = one.step == &Appliance::self_test;
        if (is_tested && options.until == Until::self_tested) return nullptr;
    }
    return self;
}

Result<void> Appliance::claim(std::string& said) {
    const image::VerifiedImage& image = admission_->image();
    auto manifest = read_manifest(as_text(image.part(PartType::manifest)), admission_->object());
    if (!manifest) return std::unexpected(manifest.error());
    manifest_ = std::move(*manifest);
    auto state = EngineState::reserve(options_.serve.empty() ? RECORDS_TO_GUARD : RECORDS_TO_SERVE);
    if (!state) return std::unexpected(state.error());
    state_.emplace(std::move(*state));
    if (options_.backend == "cpu") return claim_twin(said);
    auto claimed = claim_gpu(said);
    if (claimed || options_.backend == "cuda") return claimed;
    if (auto twin = claim_twin(said); !twin) return twin;
    said += fmt::format("; no GPU: {}: {}", claimed.error().object, claimed.error().detail);
    return {};
}

Result<void> Appliance::claim_gpu(std::string& said) {
    gpu_setup_ = {.gpu = options_.gpu,
                  .texts = code_of(admission_->image(), PartType::engine_ptx),
                  .cubins = code_of(admission_->image(), PartType::engine_cubin),
                  .image = admission_->object(),
                  .manifest = &manifest_,
                  .state = &*state_,
                  .target = options_.target,
                  .oom_score = options_.oom_score};
    auto process = cuda::GpuProcess::start(gpu_setup_);
    if (!process) return std::unexpected(process.error());
    auto claimed = process->claim();
    if (!claimed) return std::unexpected(claimed.error());
    gpu_.emplace(std::move(*process));
    said = "cuda: " + *claimed;
    return {};
}

Result<void> Appliance::claim_twin(std::string& said) {
    auto twin =
        TwinCode::load(admission_->image().part(PartType::engine_x86_64), admission_->object());
    if (!twin) return std::unexpected(twin.error());
    twin_.emplace(std::move(*twin));
    said = "cpu: the image's twin runs in a process of its own";
    return {};
}

Result<void> Appliance::self_test(std::string& said) {
    if (gpu_) {
        auto tested = gpu_->self_test();
        if (!tested) return std::unexpected(tested.error());
        said = *tested;
        return {};
    }
    const TwinCode& twin = *twin_;
    said = "cpu";
    return test_engine(manifest_, [&](EngineState& state) -> Result<CarryOut> {
        return [&](const DefibCommand& command) {
            return Result<DefibAnswer>(carry_out_here(twin, state, command));
        };
    });
}

// A GPU is not always able to take what may only be read; what keeps that a look is then the
// window's flag.
Access Appliance::access() const {
    const bool has_policy = !admission_->image().part(PartType::policy_source).empty();
    if (options_.mode == Mode::as_the_policy_says && has_policy) return Access::act;
    return gpu_ && !gpu_->pins_read_only() ? Access::look_with_device : Access::look;
}

// Where nothing may be repaired, the right to write is not even taken. Where something may, it is
// the engine's process that takes it up, at its start; this one never does.
Result<void> Appliance::map(std::string& said) {
    auto target = Target::open(options_.target, access());
    if (!target) return std::unexpected(target.error());
    target_ = std::move(*target);
    if (target_.kind() == TargetKind::core) {
        return fail(DEFIB_ERROR_BOOT_TARGET_NAME, options_.target, "nobody can guard a dump",
                    "name host or vm:FILE; defib ps, log and locks look at dumps");
    }
    if (auto closed = seal::forbid_writing(target_.memory().bytes()); !closed) return closed;
    said = fmt::format("{}: {} MiB, {}", options_.target, target_.memory().bytes().size() >> 20,
                       access() == Access::act ? "which only the engine will write" : "to look at");
    return {};
}

Result<void> Appliance::find(std::string& said) {
    auto kernel = find_kernel(target_);
    if (!kernel) return std::unexpected(kernel.error());
    kernel_ = std::move(*kernel);
    said = kernel_.info.release();
    return {};
}

// The image's binding where it has one: numbers in their order, and no JSON is parsed. It must be
// of the very manifest and layout that lie beside it; the image's signature covers all three.
Result<void> Appliance::read_layout() {
    const image::VerifiedImage& image = admission_->image();
    const std::string& release = kernel_.info.release();
    const Bytes json = image.part(PartType::layout_json, release);
    if (json.empty()) {
        return fail(DEFIB_ERROR_APPLIANCE_NO_LAYOUT, release, {},
                    "ask the vendor for an image with it; defib layout extract makes one");
    }
    const Bytes ready = image.part(PartType::layout_binding, release);
    if (!ready.empty()) {
        const auto sources = BindingSources::of(image.part(PartType::manifest), json);
        auto binding = read_binding(ready, sources, "binding of " + release);
        if (!binding) return std::unexpected(binding.error());
        layout_ = std::move(binding->layout);
        answers_ = std::move(binding->answers);
        return {};
    }
    auto layout = layouts::read_layout(as_text(json), "layout of " + release);
    if (!layout) return std::unexpected(layout.error());
    layout_ = std::move(*layout);
    return {};
}

Result<void> Appliance::prove(std::string& said) {
    if (auto read = read_layout(); !read) return read;
    const auto proved = prove_identity(target_, kernel_, layout_, access());
    if (!proved) return std::unexpected(proved.error());
    complete_map(kernel_, layout_);
    said = "banner, types and first process are those of the layout";
    return {};
}

Result<void> Appliance::bind_routines(std::string& said) {
    const Scratch scratch = find_scratch(kernel_, layout_);
    auto bound = answers_ ? bind(manifest_, *answers_, kernel_.text, scratch)
                          : bind(manifest_, layout_, kernel_.text, scratch);
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
    said = fmt::format("{} routines are on, by the image's {}{}", on,
                       answers_ ? "binding" : "layout", off);
    return {};
}

// What the image has compiled for this kernel, where it has that and this kernel can serve it. It
// must be of the very source, manifest and binding that lie beside it. Nothing: compile it here,
// for the reason in `said`.
Result<std::optional<PolicyFile>> Appliance::ready_policy(std::string& said) const {
    const image::VerifiedImage& image = admission_->image();
    const std::string& release = kernel_.info.release();
    const Bytes ready = image.part(PartType::policy, release);
    if (ready.empty()) {
        said = "compiled here, the image has the source alone";
        return std::nullopt;
    }
    const auto sources =
        PolicySources::of(image.part(PartType::policy_source), image.part(PartType::manifest),
                          image.part(PartType::layout_binding, release));
    auto policy = read_policy(ready, sources, manifest_, "policy for " + release);
    if (!policy) return std::unexpected(policy.error());
    if (const auto off = what_is_off(policy->table, manifest_, bound_)) {
        said = "compiled here, as this kernel cannot serve what the image has: " + *off;
        return std::nullopt;
    }
    said = "as the image has them compiled";
    return std::move(*policy);
}

// Elsewhere it is compiled here, by what `defib policy check` compiles with: rules that this kernel
// cannot serve are left out, and said.
Result<PolicyFile> Appliance::compile_policy() const {
    const image::VerifiedImage& image = admission_->image();
    const auto words = vocabulary_of(manifest_, as_text(image.part(PartType::manifest)), &bound_);
    auto compiled = image::compile_whole_policy(as_text(image.part(PartType::policy_source)),
                                                "the image's policy", words);
    if (!compiled) return std::unexpected(compiled.error());
    return PolicyFile{compiled->table, std::move(compiled->notes)};
}

Result<void> Appliance::load_policy(std::string& said) {
    if (admission_->image().part(PartType::policy_source).empty()) {
        said = "the image has none: nothing is looked for";
        return {};
    }
    std::string how;
    auto ready = ready_policy(how);
    if (!ready) return std::unexpected(ready.error());
    if (!*ready) {
        auto compiled = compile_policy();
        if (!compiled) return std::unexpected(compiled.error());
        *ready = std::move(*compiled);
    }
    policy_ = (*ready)->table;
    if (access() != Access::act) policy_->mode = DEFIB_MODE_OBSERVE;
    said = fmt::format("{} rules, to {}, {}", policy_->rule_count,
                       policy_->mode == DEFIB_MODE_ACT ? "act" : "observe", how);
    for (const std::string& note : (*ready)->notes) said += "; " + note;
    return {};
}

}  // namespace defib::boot
