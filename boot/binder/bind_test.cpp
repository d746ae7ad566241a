// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/binder/bind.h"

#include <gtest/gtest.h>

namespace defib::boot {
namespace {

using layouts::Layout;
using layouts::LayoutMember;
using layouts::MemberKind;

constexpr uint64_t TEXT = 0xffffffff81000000;

LayoutMember member(const char* name, uint64_t offset, uint64_t size, MemberKind kind,
                    bool is_signed = false) {
    LayoutMember one;
    one.name = name;
    one.offset = offset;
    one.size = size;
    one.kind = kind;
    one.is_signed = is_signed;
    return one;
}

LayoutMember structure(const char* name, uint64_t offset, uint64_t size, const char* target) {
    LayoutMember one = member(name, offset, size, MemberKind::structure);
    one.target = target;
    return one;
}

Layout made_up_layout() {
    Layout layout;
    layout.kernel.architecture = "x86_64";
    layout.kernel.release = "6.1.0-test";
    LayoutMember comm = member("comm", 0x20, 16, MemberKind::character, true);
    comm.array = {16};
    LayoutMember parent = member("parent", 0x30, 8, MemberKind::pointer);
    parent.depth = 1;
    parent.target = "task_struct";
    LayoutMember flag = member("in_iowait", 0x38, 4, MemberKind::integer);
    flag.bit_size = 1;
    flag.bit_offset = 3;
    layout.structs["task_struct"] = {
        .size = 0x80,
        .members = {member("pid", 0x10, 4, MemberKind::integer, true), comm, parent, flag,
                    structure("se", 0x40, 0x20, "sched_entity"), structure("odd", 0x60, 8, ""),
                    member("odd.inner", 0x64, 4, MemberKind::integer)}};
    layout.structs["sched_entity"] = {.size = 0x20,
                                      .members = {member("vruntime", 8, 8, MemberKind::integer)}};
    layout.enums["pid_type"] = {4, false, {{"PIDTYPE_PID", 0}, {"PIDTYPE_TGID", 1}}};
    layout.constants["TIF_SIGPENDING"] = {2, "test"};
    layout.symbols["init_task"] = {0x1000, false};
    layout.symbols["runqueues"] = {0x33100, true};
    return layout;
}

Slot field(std::vector<Hop> hops, const char* class_name, uint64_t width, bool is_signed = false) {
    Slot slot;
    slot.kind = "offset";
    slot.path = hops.front().type;
    for (const Hop& hop : hops) slot.path += "." + hop.member;
    slot.hops = std::move(hops);
    slot.class_name = class_name;
    slot.width = width;
    slot.is_signed = is_signed;
    return slot;
}

Slot question(const char* kind, const char* path) {
    Slot slot;
    slot.kind = kind;
    slot.path = path;
    return slot;
}

struct Bind : ::testing::Test {
    Bind() { manifest.architecture = "x86_64"; }

    uint64_t add(Slot slot) {
        manifest.slots.push_back(std::move(slot));
        return manifest.slots.size() - 1;
    }
    RoutineEntry& routine(std::vector<uint64_t> slots, std::vector<uint64_t> optional = {}) {
        RoutineEntry entry;
        entry.name = "routine" + std::to_string(manifest.routines.size());
        entry.fuel = 7;
        entry.slots = std::move(slots);
        entry.optional = std::move(optional);
        manifest.routines.push_back(std::move(entry));
        return manifest.routines.back();
    }
    Bound bound() {
        auto result = bind(manifest, layout, TEXT, scratch);
        EXPECT_TRUE(result);
        return result.value_or(Bound{});
    }
    // Why a routine with just this slot is off; empty: it is on.
    std::string why_off(Slot slot) {
        manifest.slots.clear();
        manifest.routines.clear();
        routine({add(std::move(slot))});
        return bound().routines[0].why_off;
    }

    Manifest manifest;
    Layout layout = made_up_layout();
    Scratch scratch;
};

TEST_F(Bind, GivesOffsetsSizesAddressesAndValues) {
    const std::pair<Slot, uint64_t> cases[] = {
        {field({{"task_struct", "pid"}}, "integer", 4, true), 0x10},
        {field({{"task_struct", "se"}, {"sched_entity", "vruntime"}}, "integer", 8), 0x48},
        {field({{"task_struct", "se"}, {"sched_entity___eevdf", "vruntime"}}, "integer", 8), 0x48},
        {field({{"task_struct", "odd"}, {"whatever", "inner"}}, "integer", 4), 0x64},
        {field({{"task_struct", "parent"}}, "pointer", 8), 0x30},
        {field({{"task_struct", "in_iowait"}}, "bit_field", 0), 0x38},
        {question("bit_offset", "task_struct.in_iowait"), 3},
        {question("bit_width", "task_struct.in_iowait"), 1},
        {question("size", "task_struct"), 0x80},
        {question("size", "task_struct.comm"), 16},
        {question("exists", "task_struct.se.vruntime"), 1},
        {question("exists", "sched_entity.deadline"), 0},
        {question("exists", "mm_struct"), 0},
        {question("enum", "pid_type.PIDTYPE_TGID"), 1},
        {question("enum_exists", "pid_type.PIDTYPE_SID"), 0},
        {question("constant", "TIF_SIGPENDING"), 2},
        {question("constant_exists", "TIF_OTHER"), 0},
        {question("symbol", "init_task"), TEXT + 0x1000},
        {question("symbol", "runqueues"), 0x33100},
        {question("symbol_exists", "nothing"), 0},
    };
    std::vector<uint64_t> all;
    for (const auto& [slot, value] : cases) all.push_back(add(slot));
    routine(all);
    const Bound result = bound();
    EXPECT_EQ(result.routines[0].why_off, "");
    EXPECT_EQ(result.routines[0].routine.state, uint32_t{DEFIB_ROUTINE_READS});
    EXPECT_EQ(result.routines[0].routine.fuel, 7U);
    EXPECT_EQ(result.binding.count, std::size(cases));
    for (size_t i = 0; i < std::size(cases); i++) {
        EXPECT_EQ(result.binding.values[i], cases[i].second)
            << cases[i].first.kind << " " << cases[i].first.path;
    }
}

TEST_F(Bind, TurnsOffWhatTheKernelContradicts) {
    EXPECT_NE(why_off(field({{"task_struct", "pid"}}, "integer", 8, true)), "");
    EXPECT_NE(why_off(field({{"task_struct", "pid"}}, "integer", 4, false)), "");
    EXPECT_NE(why_off(field({{"task_struct", "pid"}}, "pointer", 8)), "");
    EXPECT_NE(why_off(field({{"task_struct", "parent"}}, "integer", 8)), "");
    EXPECT_NE(why_off(field({{"task_struct", "se"}}, "integer", 8)), "");
    EXPECT_NE(why_off(field({{"task_struct", "in_iowait"}}, "integer", 4)), "");
    EXPECT_NE(why_off(field({{"task_struct", "pid"}}, "bit_field", 0)), "");
    EXPECT_NE(why_off(field({{"task_struct", "comm"}}, "integer", 1, true)), "");
    EXPECT_NE(why_off(question("bit_width", "task_struct.pid")), "");
    EXPECT_NE(why_off(question("riddle", "task_struct")), "");
}

TEST_F(Bind, TurnsOffAStoreThatIsWiderThanItsVariable) {
    layout.symbols["panic_timeout"] = {0x2000, false, 4};
    const auto stored = [](const char* kind, const char* name, uint64_t width) {
        Slot slot = question(kind, name);
        slot.class_name = "integer";
        slot.width = width;
        return slot;
    };
    EXPECT_EQ(why_off(stored("symbol_stored", "panic_timeout", 4)), "");
    EXPECT_EQ(bound().binding.values[0], TEXT + 0x2000);
    EXPECT_EQ(why_off(stored("symbol_stored", "panic_timeout", 8)),
              "this kernel has not: panic_timeout: room for 4 bytes here, 8 in the routine");
    EXPECT_NE(why_off(stored("symbol_stored", "panic_timeout", 0)), "");
    EXPECT_NE(why_off(stored("symbol_stored", "nothing", 4)), "");
    // Whose room the layout does not say.
    EXPECT_NE(why_off(stored("symbol_stored", "init_task", 4)), "");

    layout.symbols["init_task"].room = 0x80;
    Slot task = stored("symbol_stored", "init_task", 0);
    task.structure = "task_struct___old";
    EXPECT_EQ(why_off(task), "");
    layout.symbols["init_task"].room = 0x7f;
    EXPECT_NE(why_off(task), "");
    task.structure = "mm_struct";
    EXPECT_NE(why_off(task), "");
}

TEST_F(Bind, TurnsOffAStoreToEveryCpusCopyOfWhatHasNone) {
    layout.symbols["one"] = {0x2000, false, 4};
    layout.symbols["each"] = {0x3000, true, 4};
    layout.symbols["since_6_15"] = {0x9000, false, 4};
    const auto is_on = [&](const char* kind, const char* name) {
        Slot slot = question(kind, name);
        slot.class_name = "integer";
        slot.width = 4;
        return why_off(slot).empty();
    };
    EXPECT_TRUE(is_on("symbol_stored", "one"));
    EXPECT_FALSE(is_on("symbol_stored_per_cpu", "one"));
    EXPECT_FALSE(is_on("symbol_stored", "each"));
    EXPECT_TRUE(is_on("symbol_stored_per_cpu", "each"));
    EXPECT_FALSE(is_on("symbol_stored_per_cpu", "since_6_15"));
    layout.symbols["__per_cpu_start"] = {0x8000, false};
    layout.symbols["__per_cpu_end"] = {0xa000, false};
    EXPECT_TRUE(is_on("symbol_stored_per_cpu", "since_6_15"));
    EXPECT_FALSE(is_on("symbol_stored", "since_6_15"));
}

TEST_F(Bind, TurnsOffAWayThroughAnotherStructure) {
    layout.structs["signal_struct"] = {
        .size = 0x20, .members = {member("nr_threads", 8, 4, MemberKind::integer, true)}};
    const auto way = [](const char* member, const char* type) {
        return field({{"task_struct", member}, {type, "nr_threads"}}, "integer", 4, true);
    };
    EXPECT_NE(why_off(way("se", "signal_struct")), "");
    EXPECT_NE(why_off(way("parent", "signal_struct")), "");
    EXPECT_NE(why_off(way("pid", "signal_struct")), "");
    Slot whole = field({{"task_struct", "se"}}, "structure", 0);
    whole.structure = "signal_struct";
    EXPECT_NE(why_off(whole), "");
    whole.structure = "sched_entity";
    EXPECT_EQ(why_off(whole), "");
}

TEST_F(Bind, TurnsOffAnArrayThatIsShorterHere) {
    Slot comm = field({{"task_struct", "comm"}}, "integer", 0, true);
    comm.element_width = 1;
    comm.array = {16};
    EXPECT_EQ(why_off(comm), "");
    comm.array = {32};
    EXPECT_NE(why_off(comm), "");
    comm.array = {8};
    comm.element_width = 2;
    EXPECT_NE(why_off(comm), "");
}

TEST_F(Bind, SaysWhatIsMissing) {
    EXPECT_EQ(why_off(field({{"task_struct", "mm"}}, "pointer", 8)),
              "this kernel has not: task_struct.mm");
    EXPECT_EQ(why_off(field({{"mm_struct", "pgd"}}, "pointer", 8)),
              "this kernel has not: mm_struct");
    EXPECT_EQ(why_off(question("symbol", "nothing")), "this kernel has not: symbol nothing");
    EXPECT_EQ(why_off(question("enum", "pid_type.PIDTYPE_SID")),
              "this kernel has not: pid_type.PIDTYPE_SID");
}

TEST_F(Bind, PoisonsAMissingFieldThatTheRoutineAskedFor) {
    const uint64_t there = add(field({{"task_struct", "pid"}}, "integer", 4, true));
    const uint64_t gone = add(field({{"sched_entity", "deadline"}}, "integer", 8));
    routine({there, gone}, {gone});
    routine({gone});
    const Bound result = bound();
    EXPECT_EQ(result.routines[0].why_off, "");
    EXPECT_EQ(result.binding.values[gone], DEFIB_BINDING_ABSENT);
    EXPECT_NE(result.routines[1].why_off, "");
    EXPECT_EQ(result.routines[1].routine.state, uint32_t{DEFIB_ROUTINE_OFF});
}

TEST_F(Bind, DoesNotTakeAnotherShapeForAMissingField) {
    const uint64_t other = add(field({{"task_struct", "pid"}}, "integer", 8, true));
    routine({other}, {other});
    EXPECT_NE(bound().routines[0].why_off, "");
}

TEST_F(Bind, RefusesALayoutOfAnotherArchitecture) {
    layout.kernel.architecture = "aarch64";
    const auto result = bind(manifest, layout, TEXT, scratch);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, DEFIB_ERROR_BOOT_CANNOT_BIND);
}

TEST_F(Bind, OffersScratchOnlyWhereThereIsSome) {
    EXPECT_NE(why_off(question("scratch", "address")), "");
    scratch = {0xffff888000001000, 0x800};
    EXPECT_EQ(why_off(question("scratch", "address")), "");
    EXPECT_EQ(bound().binding.values[0], 0xffff888000001000U);
}

TEST_F(Bind, PicturesTheSpanThatAViewReadsAndNothingOfAStorer) {
    const uint64_t pid = add(field({{"task_struct", "pid"}}, "integer", 4, true));
    RoutineEntry& view = routine({pid});
    view.first_argument = "task_struct";
    view.reads = {"task_struct.se.vruntime", "task_struct.pid", "sched_entity.vruntime",
                  "task_struct.missing"};
    manifest.routines.push_back(view);
    manifest.routines.back().stores = {0};
    const Bound result = bound();
    EXPECT_EQ(result.routines[0].picture_offset, 0x10U);
    EXPECT_EQ(result.routines[0].picture_size, 0x40U);
    EXPECT_EQ(result.routines[1].picture_size, 0U);
    EXPECT_EQ(result.routines[1].routine.state, uint32_t{DEFIB_ROUTINE_STORES});
}

TEST_F(Bind, JoinsARepairWithWhatBelongsToIt) {
    for (const char* name : {"repair", "collector", "then", "observer", "undo"}) {
        routine({}).name = name;
    }
    RoutineEntry& repair = manifest.routines[0];
    repair.collector = "collector";
    repair.then = "then";
    repair.observer = "observer";
    repair.undo = "undo";
    const Bound result = bound();
    EXPECT_EQ(result.routines[0].routine.collector, 1U);
    EXPECT_EQ(result.routines[0].routine.then, 2U);
    EXPECT_EQ(result.routines[0].routine.observer, 3U);
    EXPECT_EQ(result.routines[0].routine.undo, 4U);
    EXPECT_EQ(result.routines[1].routine.then, DEFIB_NO_ROUTINE);
}

TEST_F(Bind, TurnsOffARepairWhoseNextStepIsOff) {
    const uint64_t gone = add(question("symbol", "nothing"));
    routine({}).name = "first";
    routine({}).name = "second";
    routine({gone}).name = "third";
    manifest.routines[0].then = "second";
    manifest.routines[1].then = "third";
    const Bound result = bound();
    EXPECT_NE(result.routines[0].why_off.find("needs second, which is off"), std::string::npos);
    EXPECT_NE(result.routines[0].why_off.find("symbol nothing"), std::string::npos);
    EXPECT_EQ(result.routines[0].routine.state, uint32_t{DEFIB_ROUTINE_OFF});
}

TEST_F(Bind, SaysWhatALayoutMustHold) {
    add(field({{"task_struct", "se"}, {"sched_entity___eevdf", "vruntime"}}, "integer", 8));
    add(question("exists", "mm_rss_stat.count"));
    add(question("size", "page"));
    add(question("enum", "pid_type.PIDTYPE_PID"));
    add(question("constant", "MM_FILEPAGES"));
    add(question("symbol_exists", "pcpu_hot"));
    Slot stored = question("symbol_stored", "panic_timeout");
    stored.structure = "mutex___old";
    add(stored);
    layouts::Wanted wanted;
    want(manifest, wanted);
    EXPECT_TRUE(wanted.symbols.contains("panic_timeout"));
    EXPECT_TRUE(wanted.stored_symbols.contains("panic_timeout"));
    EXPECT_FALSE(wanted.stored_symbols.contains("pcpu_hot"));
    EXPECT_TRUE(wanted.structs.contains("mutex"));
    EXPECT_TRUE(wanted.structs["task_struct"].contains("se"));
    EXPECT_TRUE(wanted.structs["sched_entity"].contains("vruntime"));
    EXPECT_TRUE(wanted.structs["mm_rss_stat"].contains("count"));
    EXPECT_TRUE(wanted.structs.contains("page"));
    EXPECT_TRUE(wanted.enums["pid_type"].contains("PIDTYPE_PID"));
    EXPECT_TRUE(wanted.constants.contains("MM_FILEPAGES"));
    EXPECT_TRUE(wanted.symbols.contains("pcpu_hot"));
}

}  // namespace
}  // namespace defib::boot
