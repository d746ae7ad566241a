// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "boot/restart/findings.h"

namespace defib::boot {
namespace {

constexpr int CHECKPOINT_RESTORE = 40;  // CAP_CHECKPOINT_RESTORE, since 5.9
constexpr const char* CAPABILITY_LINES[SAVED_CAPABILITIES] = {
    "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};

bool is_in_use(int number) {
    return access(fmt::format("/proc/{}", number).c_str(), F_OK) == 0;
}

bool can_be_given(int number) {
    int most = 0;
    std::ifstream("/proc/sys/kernel/pid_max") >> most;
    return number < most && !is_in_use(number);
}

// More than there is cannot be had from it.
bool may_give_rights(const SavedProcess& process, const OwnRights& own) {
    const bool may_set = own.may(CAP_SETUID) && own.may(CAP_SETGID) && own.may(CAP_SETPCAP);
    const uint64_t more = process.capabilities[1] & ~own.capabilities[1];
    return may_set && more == 0;
}

void find_in_limits(const SavedProcess& process, const OwnRights& own,
                    std::vector<Finding>& found) {
    if (own.may(CAP_SYS_RESOURCE)) return;
    for (size_t i = 0; i < SAVED_LIMITS; i++) {
        rlimit here{};
        if (getrlimit(static_cast<__rlimit_resource>(i), &here) != 0) continue;
        if (process.limits[i].second <= here.rlim_max) continue;
        found.push_back({Weight::note, "limits",
                         fmt::format("its limit number {} may not be as high here", i), ""});
    }
}

}  // namespace

OwnRights own_rights() {
    OwnRights own;
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (name == "Uid:")
            for (uint64_t& one : own.uid) words >> one;
        if (name == "Gid:")
            for (uint64_t& one : own.gid) words >> one;
        if (name == "Groups:")
            for (uint32_t one = 0; words >> one;) own.groups.push_back(one);
        for (size_t i = 0; i < SAVED_CAPABILITIES; i++)
            if (name == CAPABILITY_LINES[i]) words >> std::hex >> own.capabilities[i];
    }
    return own;
}

bool has_same_rights(const SavedProcess& process, const OwnRights& own) {
    auto groups = process.groups;
    auto own_groups = own.groups;
    std::ranges::sort(groups);
    std::ranges::sort(own_groups);
    return process.uid == own.uid && process.gid == own.gid && groups == own_groups &&
           process.capabilities == own.capabilities;
}

bool are_to_be_given(const SavedProcess& process, const OwnRights& own) {
    return !has_same_rights(process, own) && may_give_rights(process, own);
}

bool can_keep_numbers(const SavedProcess& process, const OwnRights& own) {
    if (!own.may(CAP_SYS_ADMIN) && !own.may(CHECKPOINT_RESTORE)) return false;
    return std::ranges::all_of(process.threads, can_be_given, &SavedThread::tid);
}

std::vector<Finding> find_in_rights(const SavedProcess& process) {
    std::vector<Finding> found;
    const OwnRights own = own_rights();
    if (!has_same_rights(process, own) && !may_give_rights(process, own))
        found.push_back({Weight::obstacle, "rights",
                         fmt::format("it ran as user {}, with rights that cannot be given to it "
                                     "here",
                                     process.uid[1]),
                         "those of defib restart"});
    if (process.securebits != 0)
        found.push_back({Weight::obstacle, "rights", "it had secure bits", "none"});
    if (process.root != "/")
        found.push_back(
            {Weight::obstacle, "name-spaces", "its root was " + process.root, "this machine's"});
    if (process.has_name_spaces)
        found.push_back({Weight::obstacle, "name-spaces",
                         "it had name spaces of its own: a container's, or a service's",
                         "those of defib restart"});
    if (!can_keep_numbers(process, own))
        found.push_back({Weight::note, "numbers",
                         "not all of its threads can have the numbers that they had: those that it "
                         "remembers may be wrong",
                         ""});
    const bool has_priorities = std::ranges::any_of(process.threads, [](const SavedThread& one) {
        return one.nice < 0 || one.realtime_priority != 0;
    });
    if (has_priorities && !own.may(CAP_SYS_NICE))
        found.push_back({Weight::note, "limits", "its priority may not be as high here", ""});
    constexpr uint64_t DEADLINE = 6;  // SCHED_DEADLINE
    if (std::ranges::any_of(process.threads,
                            [](const SavedThread& one) { return one.policy == DEADLINE; }))
        found.push_back(
            {Weight::note, "limits", "its deadlines are not kept (SCHED_DEADLINE)", ""});
    // What a core does not tell, and what is not this program's to give.
    found.push_back({Weight::note, "surroundings",
                     "parent, group, session, CPUs, control group and OOM score are those of defib "
                     "restart; file locks, if it held any, are not taken again",
                     ""});
    if (process.state == "T")
        found.push_back({Weight::note, "stopped", "it was stopped, and runs on now", ""});
    find_in_limits(process, own, found);
    return found;
}

}  // namespace defib::boot
