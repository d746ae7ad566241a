// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/target/target.h"

#include <utility>

namespace defib::boot {
namespace {

constexpr std::string_view VM_PREFIX = "vm:";
constexpr std::string_view CORE_PREFIX = "core:";
constexpr std::string_view HOST = "host";

Result<std::vector<DefibWindow>> windows_of_core(Bytes file, const std::string& object) {
    if (looks_like_elf(file)) {
        auto window = window_of_elf_core(file, object);
        if (!window) return std::unexpected(window.error());
        return std::vector{*window};
    }
    // makedumpfile's and QEMU's compressed formats begin so (DISKDUMP_SIGNATURE, KDUMP_SIGNATURE).
    const std::string_view head = as_text(file.first(std::min<size_t>(file.size(), 16)));
    if (head.starts_with("KDUMP ") || head.starts_with("DISKDUMP") ||
        head.starts_with("makedumpfile")) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, object, "a compressed dump",
                    "make an ELF one: makedumpfile -E, or dump-guest-memory without a format");
    }
    return windows_of_ram(file);
}

DefibWindow window_of(std::span<const DefibRange> ranges) {
    DefibWindow window{};
    for (const DefibRange& range : ranges) window.ranges[window.count++] = range;
    return window;
}

}  // namespace

Result<Target> Target::open_host(Access access) {
    Target target;
    target.name_ = HOST;
    target.kind_ = TargetKind::host;
    std::vector<DefibRange> ranges;
    auto memory = Mapping::open_host(access, ranges);
    if (!memory) return std::unexpected(memory.error());
    target.memory_ = std::move(*memory);
    target.windows_ = {window_of(ranges)};
    if (access != Access::act) target.windows_.front().flags |= DEFIB_WINDOW_READ_ONLY;
    return target;
}

Target Target::elsewhere(std::string name, TargetKind kind) {
    Target target;
    target.name_ = std::move(name);
    target.kind_ = kind;
    target.is_elsewhere_ = true;
    return target;
}

Result<Target> Target::open(std::string_view name, Access access) {
    if (name == HOST) return open_host(access);
    Target target;
    target.name_ = name;
    std::string_view path;
    if (name.starts_with(VM_PREFIX)) {
        target.kind_ = TargetKind::vm;
        path = name.substr(VM_PREFIX.size());
    } else if (name.starts_with(CORE_PREFIX)) {
        target.kind_ = TargetKind::core;
        path = name.substr(CORE_PREFIX.size());
        access = Access::look;
    }
    if (path.empty()) {
        return fail(DEFIB_ERROR_BOOT_TARGET_NAME, target.name_, {},
                    "write host, vm:FILE for a guest's RAM file, or core:FILE for a dump");
    }
    auto memory = Mapping::open(path, access);
    if (!memory) return std::unexpected(memory.error());
    target.memory_ = std::move(*memory);
    if (target.kind_ == TargetKind::vm) {
        target.windows_ = windows_of_ram(target.memory_.bytes());
    } else {
        auto windows = windows_of_core(target.memory_.bytes(), std::string(path));
        if (!windows) return std::unexpected(windows.error());
        target.windows_ = std::move(*windows);
    }
    if (access != Access::act) {
        for (DefibWindow& window : target.windows_) window.flags |= DEFIB_WINDOW_READ_ONLY;
    }
    return target;
}

}  // namespace defib::boot
