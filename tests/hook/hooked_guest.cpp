// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/hook/hooked_guest.h"

#include <chrono>

#include "layouts/extract.h"
#include "tests/lab/build_module.h"

namespace defib::hook_test {
namespace {

using namespace std::chrono_literals;

constexpr auto ANSWER_WITHIN = 30s;  // the machine is busy
constexpr int TASKS_MAX = 10'000;
constexpr int LOOKS_FOR_BEATS = 15;

}  // namespace

Result<std::filesystem::path> hook_module(const lab::Kernel& kernel) {
    if (const auto folder = lab::prebuilt()) return *folder / kernel.release / "defib_hook.ko";
    return lab::build_module(DEFIB_HOOK_SOURCES, kernel, DEFIB_HOOK_BUILD, {DEFIB_HOOK_RING});
}

Result<HookedGuest> HookedGuest::load(lab::Guest& guest, const std::string& parameters) {
    auto module = hook_module(guest.kernel());
    if (!module) return std::unexpected(module.error());
    if (auto done = guest.load_module(*module, parameters); !done) {
        return std::unexpected(done.error());
    }
    HookedGuest hooked;
    auto target = boot::Target::open("vm:" + guest.ram_file().string(), boot::Access::act);
    if (!target) return std::unexpected(target.error());
    hooked.target_ = std::make_unique<boot::Target>(std::move(*target));
    auto kernel = boot::find_kernel(*hooked.target_);
    if (!kernel) return std::unexpected(kernel.error());
    hooked.kernel_ = std::move(*kernel);
    auto layout = layouts::extract_layout(guest.ram_file(), {});
    if (!layout) return std::unexpected(layout.error());
    hooked.layout_ = std::move(*layout);
    hooked.memory_.emplace(hooked.kernel_->window, hooked.kernel_->map);
    if (auto done = hooked.attach(); !done) return std::unexpected(done.error());
    return hooked;
}

Result<void> HookedGuest::attach() {
    // Opened anew, as the ring may lie where the RAM file had a hole.
    auto target = boot::Target::open(target_->name(), boot::Access::act);
    if (!target) return std::unexpected(target.error());
    hook_.reset();
    auto opened = std::make_unique<boot::Target>(std::move(*target));
    const auto kernel = boot::find_kernel(*opened);
    if (!kernel) return std::unexpected(kernel.error());
    const auto identity = boot::prove_identity(*opened, *kernel, layout_, boot::Access::act);
    if (!identity) return std::unexpected(identity.error());
    auto hook = boot::Hook::find(*opened, *identity);
    // A guest that its host gives no processor does not beat for seconds.
    for (int i = 1; !hook && i < LOOKS_FOR_BEATS; i++) hook = boot::Hook::find(*opened, *identity);
    if (!hook) return std::unexpected(hook.error());
    hook_.emplace(std::move(*hook));
    rings_target_ = std::move(opened);
    return {};
}

uint64_t HookedGuest::address_of(const std::string& symbol) const {
    const auto found = layout_.symbols.find(symbol);
    return found == layout_.symbols.end() ? 0 : boot::address_of(*kernel_, found->second);
}

std::optional<Task> HookedGuest::find_task(uint64_t pid) {
    const auto& type = layout_.structs.at("task_struct");
    const auto offset = [&](const char* name) { return type.find(name)->offset; };
    const uint64_t init = address_of("init_task");
    uint64_t task = init;
    for (int i = 0; i < TASKS_MAX; i++) {
        const auto next = memory_->read<uint64_t>(task + offset("tasks"));
        if (!next) return std::nullopt;
        task = *next - offset("tasks");
        if (task == init) return std::nullopt;
        const auto number = memory_->read<int32_t>(task + offset("pid"));
        const auto started = memory_->read<uint64_t>(task + offset("start_time"));
        if (number && started && static_cast<uint64_t>(*number) == pid) {
            return Task{task, pid, *started};
        }
    }
    return std::nullopt;
}

uint32_t HookedGuest::ask(const boot::HookRequest& request, uint64_t* value) {
    const auto answer = hook_->ask(request, ANSWER_WITHIN);
    if (!answer) return DEFIB_HOOK_STATUS_NONE;
    if (value != nullptr) *value = answer->value[0];
    return answer->status;
}

Result<void> unload(lab::Guest& guest) {
    auto outcome = guest.run({"rmmod", "defib_hook"});
    if (!outcome) return std::unexpected(outcome.error());
    if (outcome->status == 0) return {};
    return fail(DEFIB_ERROR_LAB_REFUSED, "rmmod", outcome->err);
}

Result<std::string> push_window_probe(lab::Guest& guest) {
    const std::string path = "/bin/window-probe";
    if (auto done = guest.push_file(DEFIB_WINDOW_PROBE, path); !done) {
        return std::unexpected(done.error());
    }
    return path;
}

}  // namespace defib::hook_test
