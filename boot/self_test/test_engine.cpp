// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstring>

#include "boot/self_test/self_test.h"
#include "boot/self_test/synthetic_kernel.h"
#include "engine/routines/self_test.h"

namespace defib::boot {
namespace {

std::unexpected<Error> wrong(std::string what) {
    return fail(DEFIB_ERROR_APPLIANCE_SELF_TEST, "the engine", std::move(what),
                "nothing was started; try again, then another processor or image");
}

class EngineTest {
  public:
    EngineTest(const Manifest& manifest, const CarryOut& carry_out, const SyntheticKernel& kernel)
        : manifest_(manifest), carry_out_(carry_out), kernel_(kernel) {}

    // A walk, a record of each node, and every shape of member.
    Result<void> looks() {
        auto command = view("self_test_node", kernel_.address(0));
        command.view.collector = number("self_test_nodes");
        const auto answer = carry_out_(command);
        if (!answer) return std::unexpected(answer.error());
        if (answer->objects != SyntheticKernel::NODES || answer->torn != 0 ||
            answer->records.count != SyntheticKernel::NODES) {
            return wrong(fmt::format("it found {} nodes of {}", answer->records.count,
                                     SyntheticKernel::NODES));
        }
        constexpr uint32_t STEP = sizeof(DefibRecordHeader) + sizeof(DefibSelfTestRecord);
        for (uint32_t i = 0; i < SyntheticKernel::NODES; i++) {
            DefibSelfTestRecord record{};
            // NOLINTNEXTLINE(performance-no-int-to-ptr): records lie at an address by design
            const auto* at = reinterpret_cast<const std::byte*>(answer->records.bytes + i * STEP);
            std::memcpy(&record, at + sizeof(DefibRecordHeader), sizeof record);
            const uint32_t node = i * 5 % SyntheticKernel::NODES;
            if (record.node != kernel_.address(node) || record.sum != kernel_.sum(node)) {
                return wrong(fmt::format("it read node {} wrongly", node));
            }
        }
        return {};
    }

    // What has to be stopped is stopped, for the right reason.
    Result<void> stops() {
        struct Case {
            const char* view;
            uint64_t address;
            uint32_t death;
        };
        const Case cases[] = {
            {"self_test_endless", kernel_.address(0), DEFIB_DEATH_FUEL},
            {"self_test_node", kernel_.nowhere(), DEFIB_DEATH_NOT_MAPPED},
            {"self_test_node", 0x1000, DEFIB_DEATH_ADDRESS},
        };
        for (const Case& one : cases) {
            const auto answer = carry_out_(view(one.view, one.address));
            if (!answer) return std::unexpected(answer.error());
            if (answer->death != one.death) {
                return wrong(fmt::format("{} at {:#x} ended for reason {}, not {}", one.view,
                                         one.address, answer->death, one.death));
            }
        }
        return {};
    }

    // A repair stores where all is as expected, and nothing anywhere else.
    Result<void> repairs() {
        constexpr uint32_t MARK = 0x5eed;
        const auto done = carry_out_(mark(1, kernel_.sum(1), MARK));
        if (!done) return std::unexpected(done.error());
        if (done->outcome != DEFIB_OUTCOME_COMMITTED || kernel_.mark(1) != MARK) {
            return wrong(fmt::format("a store ended with outcome {}", done->outcome));
        }
        const auto refused = carry_out_(mark(2, kernel_.sum(1), MARK));
        if (!refused) return std::unexpected(refused.error());
        if (refused->death != DEFIB_SELF_TEST_REASON || kernel_.mark(2) != 0) {
            return wrong("it stored where it should have given up");
        }
        for (uint32_t node = 0; node < SyntheticKernel::NODES; node++) {
            if (node != 1 && kernel_.mark(node) != 0) return wrong("it stored somewhere else");
        }
        return {};
    }

  private:
    uint32_t number(const char* name) const {
        return manifest_.number_of(name).value_or(DEFIB_ROUTINES);
    }

    DefibCommand view(const char* name, uint64_t address) const {
        DefibCommand command{};
        command.kind = DEFIB_COMMAND_VIEW;
        command.view.item = number(name);
        command.view.collector = DEFIB_VIEW_ONCE;
        command.arguments[0] = address;
        return command;
    }

    DefibCommand mark(uint32_t node, uint64_t sum, uint32_t mark) const {
        DefibCommand command{};
        command.kind = DEFIB_COMMAND_ACT;
        command.routine = number("self_test_mark");
        command.arguments[0] = kernel_.address(node);
        command.arguments[1] = sum;
        command.arguments[2] = mark;
        return command;
    }

    const Manifest& manifest_;
    const CarryOut& carry_out_;
    const SyntheticKernel& kernel_;
};

}  // namespace

Result<void> test_engine(const Manifest& manifest, const StartThere& start_there) {
    const auto kernel = SyntheticKernel::make(manifest.architecture);
    if (!kernel) return std::unexpected(kernel.error());
    const auto bound = bind(manifest, kernel->layout(), 0, Scratch{});
    if (!bound) return std::unexpected(bound.error());
    for (const char* name :
         {"self_test_nodes", "self_test_node", "self_test_endless", "self_test_mark"}) {
        const auto number = manifest.number_of(name);
        if (!number) return wrong(fmt::format("the image has no routine {}", name));
        const std::string& why_off = bound->routines[*number].why_off;
        if (!why_off.empty()) return wrong(fmt::format("{} is off: {}", name, why_off));
    }
    auto state = EngineState::reserve(RECORDS_TO_GUARD);
    if (!state) return std::unexpected(state.error());
    state->load(kernel->window(), kernel->map(), *bound);
    const auto carry_out = start_there(*state);
    if (!carry_out) return std::unexpected(carry_out.error());
    EngineTest test(manifest, *carry_out, *kernel);
    for (const auto step : {&EngineTest::looks, &EngineTest::stops, &EngineTest::repairs}) {
        if (auto done = (test.*step)(); !done) return done;
    }
    return {};
}

}  // namespace defib::boot
