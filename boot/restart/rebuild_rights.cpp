// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "boot/restart/rebuild.h"

namespace defib::boot {
namespace {

enum Which : size_t { INHERITABLE, PERMITTED, EFFECTIVE, BOUNDING, AMBIENT };

bool has(uint64_t set, int capability) {
    return (set >> capability & 1) != 0;
}

struct Step {
    const char* what;
    long number;
    std::array<uint64_t, 3> arguments;
};

Result<void> set_capabilities(const SavedProcess& process, Puppet& puppet, pid_t thread) {
    const auto& all = process.capabilities;
    const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    // Low halves, then high ones.
    std::array<__user_cap_data_struct, 2> data{};
    data[0] = {static_cast<uint32_t>(all[EFFECTIVE]), static_cast<uint32_t>(all[PERMITTED]),
               static_cast<uint32_t>(all[INHERITABLE])};
    data[1] = {static_cast<uint32_t>(all[EFFECTIVE] >> 32),
               static_cast<uint32_t>(all[PERMITTED] >> 32),
               static_cast<uint32_t>(all[INHERITABLE] >> 32)};
    const auto head = puppet.put_value(header);
    if (!head) return std::unexpected(head.error());
    const auto at = puppet.put_value(data);
    if (!at) return std::unexpected(at.error());
    const auto set = puppet.call(thread, "its capabilities", SYS_capset, {*head, *at});
    if (!set) return std::unexpected(set.error());
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        if (!has(all[AMBIENT], i)) continue;
        const auto raised =
            puppet.call(thread, "its capabilities", SYS_prctl,
                        {PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, static_cast<uint64_t>(i), 0, 0});
        if (!raised) return std::unexpected(raised.error());
    }
    return {};
}

}  // namespace

// What it takes to set them goes with the last of them.
Result<void> rebuild_rights(const SavedProcess& process, Puppet& puppet, pid_t thread) {
    const OwnRights own = own_rights();
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        if (has(process.capabilities[BOUNDING], i) || !has(own.capabilities[BOUNDING], i)) continue;
        const auto dropped = puppet.call(thread, "its capabilities", SYS_prctl,
                                         {PR_CAPBSET_DROP, static_cast<uint64_t>(i), 0, 0, 0});
        if (!dropped) return std::unexpected(dropped.error());
    }
    const auto groups = puppet.put(std::as_bytes(std::span(process.groups)));
    if (!groups) return std::unexpected(groups.error());
    const auto& uid = process.uid;
    const auto& gid = process.gid;
    const Step steps[] = {{"its groups", SYS_setgroups, {process.groups.size(), *groups}},
                          {"its rights", SYS_prctl, {PR_SET_KEEPCAPS, 1}},
                          {"its group", SYS_setresgid, {gid[0], gid[1], gid[2]}},
                          {"its user", SYS_setresuid, {uid[0], uid[1], uid[2]}},
                          {"its user", SYS_setfsgid, {gid[3]}},
                          {"its user", SYS_setfsuid, {uid[3]}}};
    for (const Step& step : steps) {
        const auto& [first, second, third] = step.arguments;
        const auto done = puppet.call(thread, step.what, step.number, {first, second, third});
        if (!done) return std::unexpected(done.error());
    }
    return set_capabilities(process, puppet, thread);
}

}  // namespace defib::boot
