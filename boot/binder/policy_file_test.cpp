// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/policy_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "image/policy/digest.h"

namespace defib::boot {
namespace {

constexpr uint32_t VIEW = 0;
constexpr uint32_t DETECTOR = 1;
constexpr uint32_t ROUTINE = 2;

struct PolicyFileTest : ::testing::Test {
    PolicyFileTest() {
        for (const char* kind : {"view", "detector", "routine"}) {
            RoutineEntry entry;
            entry.name = std::string("some_") + kind;
            entry.kind = kind;
            manifest.routines.push_back(std::move(entry));
        }
        bound.routines.resize(manifest.routines.size());
        sources = PolicySources::of(as_bytes("source"), as_bytes("manifest"), as_bytes("binding"));
        DefibPolicy& table = policy.table;
        table.magic = DEFIB_POLICY_MAGIC;
        table.version = DEFIB_POLICY_VERSION;
        table.size = sizeof table;
        table.manifest_digest = image::digest_of_manifest("manifest");
        table.mode = DEFIB_MODE_ACT;
        table.cgroup_view = VIEW;
        table.rule_count = 1;
        DefibPolicyRule& rule = table.rules[0];
        std::strcpy(rule.name, "a rule");
        rule.detector = DETECTOR;
        rule.mode = DEFIB_MODE_ACT;
        rule.period_ms = 5;
        rule.step_count = 1;
        rule.steps[0].routine = ROUTINE;
        rule.steps[0].deadline_ms = 100;
        policy.notes = {"rules (another): left out, detector panic is off: no symbol"};
    }

    std::string file() const { return write_policy(sources, policy); }
    Result<PolicyFile> read(const std::string& bytes) const {
        return read_policy(as_bytes(bytes), sources, manifest, "policy");
    }
    std::string refusal() const {
        const auto done = read(file());
        return done ? "" : to_line(done.error());
    }

    Manifest manifest;
    Bound bound;
    PolicySources sources;
    PolicyFile policy;
};

TEST_F(PolicyFileTest, IsReadAsItWasWritten) {
    const auto done = read(file());
    ASSERT_TRUE(done) << to_line(done.error());
    EXPECT_EQ(std::memcmp(&done->table, &policy.table, sizeof policy.table), 0);
    EXPECT_EQ(done->notes, policy.notes);
    EXPECT_EQ(file(), file()) << "the same bytes each time";
}

TEST_F(PolicyFileTest, IsTakenForNoOtherSourceManifestOrBinding) {
    const std::string bytes = file();
    const struct {
        signing::Digest PolicySources::* digest;
        const char* says;
    } cases[] = {{&PolicySources::source, "another source"},
                 {&PolicySources::manifest, "another manifest"},
                 {&PolicySources::binding, "another binding"}};
    for (const auto& one : cases) {
        PolicySources other = sources;
        (other.*one.digest)[31] ^= 1;
        const auto done = read_policy(as_bytes(bytes), other, manifest, "policy");
        ASSERT_FALSE(done);
        EXPECT_NE(to_line(done.error()).find(one.says), std::string::npos);
        EXPECT_EQ(exit_status(done.error().code), DEFIB_EXIT_INPUT);
    }
}

TEST_F(PolicyFileTest, IsReadWholeOrNotAtAll) {
    const std::string bytes = file();
    for (size_t size = 0; size < bytes.size(); size += size < 256 ? 1 : 97) {
        EXPECT_FALSE(read(bytes.substr(0, size))) << size;
    }
    EXPECT_FALSE(read(bytes.substr(0, bytes.size() - 1)));
    EXPECT_FALSE(read(bytes + "x"));
    EXPECT_FALSE(read(bytes.substr(0, 112) + std::string(8, '\xff')));
}

TEST_F(PolicyFileTest, IsRefusedWhereTheEngineWouldNotTakeIt) {
    policy.table.rules[0].period_ms = 0;
    EXPECT_NE(refusal().find("none that the engine takes"), std::string::npos);
}

TEST_F(PolicyFileTest, IsRefusedWhereItsNumbersMeanNothing) {
    policy.table.rules[0].detector = ROUTINE;
    EXPECT_NE(refusal(), "");
    policy.table.rules[0].detector = 77;
    EXPECT_NE(refusal(), "");
    policy.table.rules[0].detector = DETECTOR;
    policy.table.rules[0].steps[0].routine = VIEW;
    EXPECT_NE(refusal(), "");
    policy.table.rules[0].steps[0].routine = ROUTINE;
    policy.table.cgroup_view = DETECTOR;
    EXPECT_NE(refusal(), "");
    policy.table.cgroup_view = ~0U;
    EXPECT_EQ(refusal(), "");
    policy.table.manifest_digest++;
    EXPECT_NE(refusal(), "");
}

TEST_F(PolicyFileTest, HasNoNoteThatWritesALineOfItsOwn) {
    policy.notes = {"a note\nand what looks like another"};
    EXPECT_NE(refusal().find("no policy has"), std::string::npos);
}

TEST_F(PolicyFileTest, SaysWhichRuleThisKernelCannotServe) {
    EXPECT_FALSE(what_is_off(policy.table, manifest, bound));
    bound.routines[ROUTINE].why_off = "no scratch memory";
    EXPECT_EQ(what_is_off(policy.table, manifest, bound),
              "rules (a rule): some_routine is off: no scratch memory");
    policy.table.rules[0].mode = DEFIB_MODE_OBSERVE;
    EXPECT_FALSE(what_is_off(policy.table, manifest, bound)) << "it takes no step";
    bound.routines[DETECTOR].why_off = "no symbol";
    EXPECT_EQ(what_is_off(policy.table, manifest, bound),
              "rules (a rule): some_detector is off: no symbol");
}

}  // namespace
}  // namespace defib::boot
