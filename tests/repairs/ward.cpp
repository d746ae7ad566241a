// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/repairs/ward.h"

#include <sstream>

#include "boot/commands/look.h"
#include "tests/faults/symptom.h"

namespace defib::repairs {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

namespace {

constexpr auto PATIENCE = std::chrono::milliseconds(60'000);

}  // namespace

Ward::Ward(const lab::GuestOptions& options) : guest_(options) {
    if (!guest_.is_up()) return;
    boot::LookArguments look;
    look.target = "vm:" + guest_->ram_file().string();
    auto session = boot::open_session(look, boot::Access::act);
    if (session) {
        session_ = std::move(*session);
    } else {
        ADD_FAILURE() << to_line(session.error());
    }
}

pid_t Ward::start(const lab::Argv& argv) {
    const auto pid = guest_->start(argv);
    EXPECT_TRUE(lab::ok(pid));
    return pid.value_or(-1);
}

pid_t Ward::start_victim(const std::string& arguments, const std::string& word) {
    const auto there = faults::bring_victim(*guest_);
    EXPECT_TRUE(lab::ok(there));
    lab::Argv argv = {"/bin/victim"};
    std::istringstream words(arguments);
    for (std::string one; words >> one;) argv.push_back(one);
    const pid_t pid = start(argv);
    if (!word.empty()) EXPECT_TRUE(says(pid, word));
    return pid;
}

DefibProcessRecord Ward::first_process(
    const std::function<bool(const DefibProcessRecord&)>& is_it) {
    const auto seen = session_->view("process", "threads");
    if (!seen) return {};
    for (const boot::SeenRecord& record : seen->records) {
        const auto one = record.as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);
        if (one && is_it(*one)) return *one;
    }
    return {};
}

DefibProcessRecord Ward::process(pid_t pid) {
    return first_process([&](const DefibProcessRecord& one) { return one.pid == pid; });
}

DefibProcessRecord Ward::running(std::string_view name) {
    return first_process([&](const DefibProcessRecord& one) {
        return one.state == 0 && boot::printable(one.comm) == name;
    });
}

char Ward::state(pid_t pid) {
    const std::string stat = file("/proc/" + std::to_string(pid) + "/stat");
    const size_t end = stat.rfind(") ");
    return end == std::string::npos ? '?' : stat[end + 2];
}

std::string Ward::file(const std::string& path) {
    const auto text = guest_->run({"cat", path});
    return text ? text->out : std::string();
}

AssertionResult Ward::becomes(pid_t pid, char wanted) {
    const auto waited = guest_->wait_for(
        std::string("state ") + wanted, [&] { return state(pid) == wanted; }, PATIENCE);
    if (waited) return AssertionSuccess();
    return AssertionFailure() << pid << " is in state " << state(pid) << ", not " << wanted;
}

AssertionResult Ward::says(pid_t pid, const std::string& word) {
    const auto heard = [&] {
        const auto known = guest_->state_of(pid);
        return known && known->out.contains(word);
    };
    const auto waited = guest_->wait_for(word, heard, PATIENCE);
    return waited ? AssertionSuccess() : AssertionFailure() << pid << " does not say: " << word;
}

AssertionResult Ward::ends_by(pid_t pid, int signal) {
    const auto end = guest_->wait_for_exit(pid);
    if (!end) return AssertionFailure() << to_line(end.error());
    if (end->status == 128 + signal) return AssertionSuccess();
    return AssertionFailure() << pid << " ended with status " << end->status;
}

AssertionResult Ward::runs(pid_t pid) {
    const uint64_t before = process(pid).runtime_ns;
    const auto waited =
        guest_->wait_for("progress", [&] { return process(pid).runtime_ns > before; }, PATIENCE);
    return waited ? AssertionSuccess() : AssertionFailure() << pid << " does not run";
}

std::vector<uint64_t> Ward::arguments(pid_t pid, std::vector<uint64_t> extra) {
    const DefibProcessRecord one = process(pid);
    std::vector<uint64_t> all = {one.task, static_cast<uint64_t>(one.pid), one.start_ns};
    all.insert(all.end(), extra.begin(), extra.end());
    return all;
}

boot::Repair Ward::repair(const std::string& routine, const std::vector<uint64_t>& arguments) {
    auto repair = boot::repair(*session_, routine, arguments, PATIENCE);
    EXPECT_TRUE(lab::ok(repair));
    return repair.value_or(boot::Repair{});
}

AssertionResult Ward::done(const std::string& routine, const std::vector<uint64_t>& arguments) {
    const boot::Repair one = repair(routine, arguments);
    if (one.is_done()) return AssertionSuccess();
    return AssertionFailure() << routine << ": " << boot::why_not(*session_, one);
}

AssertionResult Ward::refused(const std::string& routine, const std::vector<uint64_t>& arguments,
                              uint32_t reason) {
    const boot::Repair one = repair(routine, arguments);
    if (one.outcome != DEFIB_OUTCOME_DIED || one.death != reason) {
        return AssertionFailure() << routine << " was not refused as expected: outcome "
                                  << one.outcome << ", " << boot::why_not(*session_, one);
    }
    for (const DefibStoreRecord& store : one.stores) {
        if (store.is_made != 0) return AssertionFailure() << routine << " has stored";
    }
    return AssertionSuccess();
}

AssertionResult Ward::signalled(pid_t pid, int signal) {
    return done("signal", arguments(pid, {static_cast<uint64_t>(signal)}));
}

void Ward::expect_healthy() {
    EXPECT_TRUE(guest_->alive(PATIENCE));
    const auto wrote = guest_->run({"sh", "-c", "echo fine > /tmp/fine && cat /tmp/fine"});
    ASSERT_TRUE(lab::ok(wrote));
    EXPECT_EQ(wrote->out, "fine\n");
    const auto log = guest_->run({"dmesg"});
    ASSERT_TRUE(lab::ok(log));
    EXPECT_EQ(faults::first_match(log->out, faults::TROUBLE), "");
}

}  // namespace defib::repairs
