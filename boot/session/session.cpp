// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/session.h"

#include <fmt/format.h>

#include "engine/runtime/processor.h"

namespace defib::boot {

std::unique_ptr<Session> Session::over(SessionParts parts) {
    std::unique_ptr<Session> session(new Session);
    session->target_ = std::move(parts.target);
    session->kernel_ = std::move(parts.kernel);
    session->layout_ = std::move(parts.layout);
    session->manifest_ = std::move(parts.manifest);
    session->bound_ = std::move(parts.bound);
    session->engine_ = std::move(parts.engine);
    return session;
}

Result<uint32_t> Session::routine_that_is_on(std::string_view name) const {
    const auto number = manifest_.number_of(name);
    if (!number) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, std::string(name), "no such routine in this set");
    }
    const std::string& why_off = bound_.routines[*number].why_off;
    if (!why_off.empty()) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_BIND, std::string(name), why_off);
    }
    return *number;
}

Result<Seen> Session::view(std::string_view name, std::string_view collector,
                           std::span<const uint64_t> arguments) {
    const auto item = routine_that_is_on(name);
    if (!item) return std::unexpected(item.error());
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_VIEW;
    command.view.item = *item;
    command.view.collector = DEFIB_VIEW_ONCE;
    if (collector.empty()) collector = manifest_.routines[*item].collector;
    const size_t first = collector.empty() ? 0 : 1;
    if (!collector.empty()) {
        const auto number = routine_that_is_on(collector);
        if (!number) return std::unexpected(number.error());
        command.view.collector = *number;
        command.view.picture_offset = bound_.routines[*item].picture_offset;
        command.view.picture_size = bound_.routines[*item].picture_size;
    }
    for (size_t i = 0; i < arguments.size() && first + i < DEFIB_ARGUMENTS; i++) {
        command.arguments[first + i] = arguments[i];
    }

    return carry_out(command);
}

Result<Seen> Session::act(uint32_t routine, std::span<const uint64_t> arguments) {
    return act_or_plan(DEFIB_COMMAND_ACT, routine, arguments);
}

Result<Seen> Session::plan(uint32_t routine, std::span<const uint64_t> arguments) {
    return act_or_plan(DEFIB_COMMAND_PLAN, routine, arguments);
}

Result<Seen> Session::act_or_plan(DefibCommandKind kind, uint32_t routine,
                                  std::span<const uint64_t> arguments) {
    DefibCommand command{};
    command.kind = kind;
    command.routine = routine;
    for (size_t i = 0; i < arguments.size() && i < DEFIB_ARGUMENTS; i++) {
        command.arguments[i] = arguments[i];
    }
    return carry_out(command);
}

Result<Seen> Session::statistics() {
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_STATISTICS;
    return carry_out(command);
}

Session::~Session() {
    if (!ring_ || !engine_) return;
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_HOOK;
    // An engine that is dead writes no more either way.
    const auto detached = engine_->carry_out(command);
    static_cast<void>(detached);
}

bool Session::knows_hook(uint32_t routine) const {
    for (int link = 0; link < DEFIB_CHAIN && routine < bound_.routines.size(); link++) {
        if (bound_.routines[routine].routine.hook != 0) return true;
        routine = bound_.routines[routine].routine.then;
    }
    return false;
}

std::optional<FoundRing> Session::look_for_ring(std::chrono::milliseconds beats_within) {
    // Whoever has the memory has shown it to the engine.
    if (target_.is_elsewhere() || target_.kind() == TargetKind::core) return std::nullopt;
    const auto rings = find_beating_rings(target_, beats_within);
    if (!rings.empty()) return rings.front();
    // The machine's own memory has no holes, and one opener.
    if (target_.kind() == TargetKind::host) return std::nullopt;
    auto opened = Target::open(target_.name(), Access::look);
    if (!opened) return std::nullopt;
    const auto others = find_beating_rings(*opened, beats_within);
    if (others.empty()) return std::nullopt;
    opened_for_ring_ = std::move(*opened);
    return others.front();
}

Result<bool> Session::find_hook(std::chrono::milliseconds beats_within) {
    if (ring_ && is_serving(*ring_)) return true;
    ring_ = look_for_ring(beats_within);
    if (!ring_) return false;
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_HOOK;
    command.arguments[0] = ring_->header.physical;
    const auto answer = engine_->carry_out(command);
    if (!answer) return std::unexpected(answer.error());
    if (answer->result == 0) ring_.reset();
    return answer->result != 0;
}

Result<DefibEffect> Session::observe(uint32_t routine, std::span<const uint64_t> arguments) {
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_OBSERVE;
    command.routine = routine;
    for (size_t i = 0; i < arguments.size() && i < DEFIB_ARGUMENTS; i++) {
        command.arguments[i] = arguments[i];
    }
    const auto answer = engine_->carry_out(command);
    if (!answer) return std::unexpected(answer.error());
    return answer->result == DEFIB_EFFECT_THERE || answer->result == DEFIB_EFFECT_NEVER
               ? static_cast<DefibEffect>(answer->result)
               : DEFIB_EFFECT_NOT_YET;
}

std::vector<SeenRecord> records_of(const DefibAnswer& answer) {
    std::vector<SeenRecord> all;
    const DefibRecords& records = answer.records;
    all.reserve(records.count);
    for (uint32_t at = 0; at < records.used;) {
        const auto* header = runtime::pointer_to<const DefibRecordHeader>(records.bytes + at);
        const auto* payload = reinterpret_cast<const std::byte*>(header + 1);
        all.push_back({header->kind, Bytes(payload, header->size)});
        at += static_cast<uint32_t>(sizeof *header) + ((header->size + 7) & ~7U);
    }
    return all;
}

Result<Seen> Session::carry_out(const DefibCommand& command) {
    const auto answer = engine_->carry_out(command);
    if (!answer) return std::unexpected(answer.error());
    if (listener_) listener_(command, *answer);
    return Seen{*answer, records_of(*answer)};
}

}  // namespace defib::boot
