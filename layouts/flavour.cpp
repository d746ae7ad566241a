// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/flavour.h"

#include <algorithm>

namespace defib::layouts {
namespace {

const Type* find_record(const TypeGraph& graph, const TypeNames& names, std::string_view name) {
    const auto found = names.records.find(name);
    return found == names.records.end() ? nullptr : &graph.types[found->second];
}

bool has_member(const TypeGraph& graph, const Type& record, std::string_view name) {
    return std::ranges::any_of(graph.members_of(record),
                               [&](const Member& member) { return member.name == name; });
}

// A member that only this architecture's struct pt_regs has (arch/*/include/asm/ptrace.h).
std::string architecture_of(const TypeGraph& graph, const TypeNames& names) {
    const Type* registers = find_record(graph, names, "pt_regs");
    if (!registers || graph.pointer_size != 8) return {};
    if (has_member(graph, *registers, "orig_ax")) return "x86_64";
    if (has_member(graph, *registers, "pstate")) return "aarch64";
    return {};
}

// include/linux/spinlock_types_raw.h: the queued lock is chosen with CONFIG_SMP; without it
// spinlock_types_up.h has a struct of its own, empty unless debugged.
std::optional<bool> is_smp(const TypeGraph& graph, const TypeNames& names) {
    const auto found = names.aliases.find("arch_spinlock_t");
    if (found == names.aliases.end()) return std::nullopt;
    const Type& lock = graph.types[resolve(graph, found->second).id];
    return lock.name == "qspinlock";
}

// include/linux/spinlock_types.h: with PREEMPT_RT a spinlock is an rt_mutex in a member `lock`.
std::optional<bool> is_preempt_rt(const TypeGraph& graph, const TypeNames& names) {
    const Type* lock = find_record(graph, names, "spinlock");
    if (!lock) return std::nullopt;
    for (const Member& member : graph.members_of(*lock)) {
        const Type& type = graph.types[resolve(graph, member.type).id];
        if (member.name == "lock" && type.name == "rt_mutex_base") return true;
    }
    return false;
}

// include/linux/compiler_types.h: with CONFIG_RANDSTRUCT, randomized_struct_fields_start opens an
// anonymous structure, which in task_struct holds `stack` (include/linux/sched.h); else nothing.
std::optional<bool> is_randomised(const TypeGraph& graph, const TypeNames& names) {
    const Type* task = find_record(graph, names, "task_struct");
    if (!task) return std::nullopt;
    return std::ranges::any_of(graph.members_of(*task), [&](const Member& member) {
        const Type& type = graph.types[resolve(graph, member.type).id];
        return member.name.empty() && type.kind == TypeKind::structure &&
               has_member(graph, type, "stack");
    });
}

}  // namespace

KernelIdentity flavour_of(const TypeGraph& graph, const TypeNames& names) {
    KernelIdentity kernel;
    kernel.architecture = architecture_of(graph, names);
    kernel.smp = is_smp(graph, names);
    kernel.preempt_rt = is_preempt_rt(graph, names);
    kernel.randstruct = is_randomised(graph, names);
    return kernel;
}

}  // namespace defib::layouts
