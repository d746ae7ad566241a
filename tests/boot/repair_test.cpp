// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The whole way, as on a guarded machine: a signed image with the policy that comes along, a start
// that ends sealed, a fault, and the kernel is well again. What was done is read from the journal
// afterwards, by whoever comes later.
#include <nlohmann/json.hpp>

#include <optional>

#include "boot/journal/reader.h"
#include "engine/abi/finding.h"
#include "tests/boot/appliance_under_test.h"
#include "tests/faults/inject.h"

namespace defib::boot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds REPAIR{120'000};  // TCG on a busy machine
constexpr milliseconds HEART{20'000};

struct Case {
    const char* name;
    const char* kernel;
    const char* fault;
    const char* finding;  // how it begins
    const char* victim;   // who may be killed; empty: nobody
    const char* backend = "cpu";

    bool is_on_gpu() const { return std::string(backend) == "cuda"; }
};

// Repairs that took at least one step, so far.
size_t repairs_in(const std::filesystem::path& journal) {
    const auto file = MappedFile::open(journal);
    if (!file) return 0;
    const auto read = read_journal(file->bytes(), "journal");
    if (!read || read->sessions.empty()) return 0;
    const auto& entries = read->sessions.back().entries;
    return static_cast<size_t>(std::ranges::count_if(entries, [](const DefibJournalEntry& entry) {
        return entry.kind == DEFIB_JOURNAL_CLOSED && entry.values[2] != 0;
    }));
}

class Repair : public ApplianceUnderTest, public testing::WithParamInterface<Case> {};

TEST_P(Repair, IsDoneBySealedDefibBootAndStandsInItsJournal) {
    const Case& param = GetParam();
    const auto& fault = *faults::find(param.fault);
    lab::GuestUnderTest guest(faults::guest_for(fault, param.kernel));
    ASSERT_TRUE(guest.is_up());
    const auto innocent = guest->start({"sh", "-c", "while :; do sleep 0.1; done"});
    ASSERT_TRUE(ok(innocent));

    std::optional<FakeGpu> gpu;
    if (param.is_on_gpu()) gpu.emplace();
    auto with = arguments(guest->ram_file());
    with.insert(with.end(), {"--backend", param.backend});
    Boot boot(with);
    ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
    const pid_t engine = child_of(boot.pid());
    ASSERT_GT(engine, 0);
    const auto expect_engine_sealed = param.is_on_gpu() ? expect_standing : expect_sealed;
    expect_sealed(boot.pid());
    expect_engine_sealed(engine);

    ASSERT_TRUE(ok(faults::inject(*guest, fault)));
    const auto repaired = guest->wait_for(
        "a repair in the journal", [&] { return repairs_in(journal()) > 0; }, REPAIR);
    EXPECT_TRUE(ok(repaired));
    EXPECT_TRUE(guest->alive(HEART)) << "its heart does not beat";
    const auto echo = guest->run({"sh", "-c", "echo alive > /tmp/after && cat /tmp/after"});
    ASSERT_TRUE(ok(echo));
    EXPECT_EQ(echo->out, "alive\n");
    const auto state = guest->state_of(*innocent);
    ASSERT_TRUE(ok(state));
    EXPECT_FALSE(state->status.has_value()) << "an innocent process has ended";

    // The same two processes, as sealed as before.
    expect_sealed(boot.pid());
    expect_engine_sealed(engine);
    EXPECT_EQ(child_of(boot.pid()), engine);
    kill(boot.pid(), SIGTERM);
    EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();

    const auto told =
        lab::run_host_program({DEFIB_PROGRAM, "journal", journal().string(), "--json"});
    ASSERT_TRUE(ok(told));
    const auto json = nlohmann::json::parse(*told, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << *told;
    bool is_over = false;
    for (const auto& entry : json["sessions"].back()["entries"]) {
        const std::string event = entry.value("event", "");
        const std::string of = entry.value("fault", "");
        is_over = is_over || (event == "over" && of.starts_with(param.finding));
        if (event != "victim") continue;
        EXPECT_NE(std::string(param.victim), "") << entry.dump();
        EXPECT_EQ(entry.value("name", "").find(param.victim), 0U) << entry.dump();
    }
    EXPECT_TRUE(is_over) << *told;
}

INSTANTIATE_TEST_SUITE_P(
    Shipped, Repair,
    testing::Values(Case{"deadlock", "6.12", "f1a", "spinlock_leaked", ""},
                    Case{"out_of_memory", "6.1", "hog", "memory_", "v-hog"},
                    Case{"deadlock_by_gpu", "6.12", "f1a", "spinlock_leaked", "", "cuda"},
                    Case{"out_of_memory_by_gpu", "6.12", "hog", "memory_", "v-hog", "cuda"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace defib::boot
