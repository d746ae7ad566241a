// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/gpu_host.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>

#include "boot/self_test/self_test.h"

namespace defib::boot::cuda {
namespace {

int number_of(const Cubin& code) {
    return code.major * 10 + code.minor;
}

// The same memory, where this process has it.
Result<DefibWindow> moved(const DefibWindow& window, const FoundTarget& found,
                          const Target& target) {
    const Bytes memory = target.memory().bytes();
    if (target.memory().origin() != found.origin || memory.size() != found.size) {
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, target.name(),
                    "it is another one than it was a moment ago", "start it again");
    }
    DefibWindow here = window;
    for (uint32_t i = 0; i < here.count; i++) {
        here.ranges[i].backend += reinterpret_cast<uint64_t>(memory.data()) - found.start;
    }
    return here;
}

}  // namespace

std::optional<Cubin> code_for_generation(std::string_view name, std::string_view code) {
    constexpr std::string_view PREFIX = "sm_";
    if (!name.starts_with(PREFIX)) return std::nullopt;
    name.remove_prefix(PREFIX.size());
    int number = 0;
    const auto [end, error] = std::from_chars(name.begin(), name.end(), number);
    // "sm_90a" is for that very card; nothing here is made for one.
    if (error != std::errc() || end != name.end() || number < 10) return std::nullopt;
    return Cubin{number / 10, number % 10, code};
}

const Cubin* newest_text(std::span<const Cubin> texts, const Device& device) {
    const Cubin* best = nullptr;
    for (const Cubin& text : texts) {
        if (number_of(text) > device.major * 10 + device.minor) continue;
        if (best == nullptr || number_of(text) > number_of(*best)) best = &text;
    }
    return best;
}

Result<std::string> GpuHost::claim() {
    auto claim = Claim::take(setup_.gpu);
    if (!claim) return std::unexpected(claim.error());
    claim_ = std::move(*claim);
    const Device& device = claim_->device();
    const Cubin* text = newest_text(setup_.texts, device);
    if (text == nullptr && cubin_for(setup_.cubins, device) == nullptr) {
        return fail(DEFIB_ERROR_APPLIANCE_NO_ENGINE, setup_.image,
                    fmt::format("it has none for compute capability {}.{}: {}", device.major,
                                device.minor, device.id()),
                    "take an image with one, or --backend cpu");
    }
    auto program =
        load_program(claim_, {.text = text == nullptr ? "" : text->bytes, .cubins = setup_.cubins});
    if (!program) return std::unexpected(program.error());
    program_ = std::make_shared<const Program>(std::move(*program));
    const Cubin* cubin = program_->cubin;
    return fmt::format("{}; the engine is the image's {}", device.id(),
                       cubin == nullptr
                           ? fmt::format("text for sm_{}, compiled by the driver", number_of(*text))
                           : fmt::format("machine code for sm_{}", number_of(*cubin)));
}

Orders GpuHost::orders_for(const EngineState& state) const {
    const DefibEngine& engine = state.engine();
    Orders orders{.gpu = setup_.gpu,
                  .program = program_,
                  .window = engine.target->window,
                  .may_write = true,
                  .map = engine.target->map,
                  .pages = Pages{engine.mailbox, engine.journal, engine.records}};
    orders.bound.binding = engine.target->binding;
    for (const DefibRoutine& routine : engine.routines) {
        BoundRoutine bound;
        bound.routine = routine;
        orders.bound.routines.push_back(std::move(bound));
    }
    return orders;
}

Result<std::string> GpuHost::self_test() {
    const auto start_there = [this](EngineState& state) -> Result<CarryOut> {
        auto engine = CudaEngine::start(claim_, orders_for(state));
        if (!engine) return std::unexpected(engine.error());
        return [started = std::shared_ptr<CudaEngine>(std::move(*engine))](
                   const DefibCommand& command) { return started->carry_out(command); };
    };
    if (auto tested = test_engine(*setup_.manifest, start_there); !tested) {
        return std::unexpected(tested.error());
    }
    return "cuda";
}

Result<std::string> GpuHost::launch(const FoundTarget& found) {
    if (auto done = seal::prepare(setup_.oom_score); !done) return std::unexpected(done.error());
    auto target = Target::open(setup_.target, found.access);
    if (!target) return std::unexpected(target.error());
    target_ = std::move(*target);
    const EngineState& state = *setup_.state;
    Orders orders = orders_for(state);
    const auto window = moved(orders.window, found, target_);
    if (!window) return std::unexpected(window.error());
    const bool is_host = target_.kind() == TargetKind::host;
    if (is_host) target_.memory().touch_host();
    orders.window = *window;
    orders.may_write = found.access != Access::look;
    orders.backing = is_host ? Backing::frames : Backing::pages;
    orders.responder = state.engine().responder;
    orders.once_registered = [this, is_host] {
        return is_host ? target_.seal_host() : seal::hide(target_.memory().bytes());
    };
    auto engine = CudaEngine::start(claim_, std::move(orders));
    if (!engine) return std::unexpected(engine.error());
    engine_ = std::move(*engine);
    return engine_->name();
}

// The driver's threads are this process's too, and stop with it.
void GpuHost::stand_still() {
    const pid_t self = getpid();
    const auto allowances = seal::gpu_host_allowances(self);
    if (!seal::close_doors(allowances)) return;
    for (;;) kill(self, SIGSTOP);
}

}  // namespace defib::boot::cuda
