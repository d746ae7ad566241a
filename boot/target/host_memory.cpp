// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The memory of the machine that this runs on, through the hook's device (kernel-hooks/window.c).
//
// It lies in the address space as it lies in the machine: one stretch is reserved from physical
// address 0 to the end of RAM, without rights, and each range of RAM is mapped into its place. So a
// machine is to everybody else what a guest's RAM file is, with holes. The stretch begins at a
// multiple of 2 MB: the kernel can then use entries of that size, and a GPU's driver too.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "boot/target/mapping.h"
#include "boot/target/target.h"
#include "engine/abi/hook_ring.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {
namespace {

constexpr const char* DEVICE = "/dev/defib";
constexpr const char* MAP_OF_MEMORY = "/proc/iomem";
constexpr uint64_t PAGE = 4096;
constexpr uint64_t HUGE_PAGE = uint64_t{2} << 20;

uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

Result<UniqueFd> open_device(Access access) {
    UniqueFd device(::open(DEVICE, (access == Access::act ? O_RDWR : O_RDONLY) | O_CLOEXEC));
    if (device.is_open()) return device;
    return fail(DEFIB_ERROR_BASE_CANNOT_READ, DEVICE, std::strerror(errno),
                errno == ENOENT  ? "load defib_hook.ko"
                : errno == EBUSY ? "another process has it; there can be one"
                                 : "it takes CAP_SYS_RAWIO, and no lockdown");
}

// To the addresses that the ranges name, in place of whatever is reserved there.
Result<void> map_ranges(const UniqueFd& device, Access access, std::span<const DefibRange> ranges) {
    const int rights = access == Access::act ? PROT_READ | PROT_WRITE : PROT_READ;
    for (const DefibRange& range : ranges) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): a range names its place as a number
        void* const place = reinterpret_cast<void*>(range.backend);
        if (mmap(place, range.size, rights, MAP_SHARED | MAP_FIXED, device.get(),
                 static_cast<off_t>(range.physical)) != MAP_FAILED) {
            continue;
        }
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, DEVICE,
                    fmt::format("RAM at {:#x}: {}", range.physical, std::strerror(errno)));
    }
    return {};
}

}  // namespace

std::vector<DefibRange> ram_in_map_of_memory(std::string_view text) {
    std::vector<DefibRange> ranges;
    while (!text.empty()) {
        const std::string line(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        unsigned long long first = 0;
        unsigned long long last = 0;
        // What lies in a range of RAM (the kernel's code, ...) is indented.
        if (line.starts_with(' ') || !line.ends_with(" : System RAM") ||
            std::sscanf(line.c_str(), "%llx-%llx", &first, &last) != 2) {
            continue;
        }
        const uint64_t start = round_up(first, PAGE);
        const uint64_t end = (last + 1) / PAGE * PAGE;
        if (start < end) ranges.push_back({start, end - start, 0});
    }
    return ranges;
}

Result<Mapping> Mapping::open_host(Access access, std::vector<DefibRange>& ranges) {
    std::ifstream file(MAP_OF_MEMORY);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    ranges = ram_in_map_of_memory(text);
    // Without the right to know, every address reads as zero (kernel/resource.c, r_show).
    if (ranges.empty()) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, MAP_OF_MEMORY, "it shows no RAM", "be root");
    }
    if (ranges.size() > DEFIB_WINDOW_RANGES) {
        return fail(DEFIB_ERROR_BOOT_TARGET_FORMAT, "host", "more stretches of RAM than fit");
    }
    auto device = open_device(access);
    if (!device) return std::unexpected(device.error());
    const uint64_t end = ranges.back().physical + ranges.back().size;
    Mapping mapping;
    mapping.reserved_size_ = end + HUGE_PAGE;
    void* reserved = mmap(nullptr, mapping.reserved_size_, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "host", std::strerror(errno));
    }
    mapping.reserved_ = reserved;
    const auto start = reinterpret_cast<uint64_t>(reserved);
    std::byte* const base =
        static_cast<std::byte*>(reserved) + (round_up(start, HUGE_PAGE) - start);
    mapping.data_ = base;
    mapping.size_ = end;
    for (DefibRange& range : ranges) {
        std::byte* const place = base + range.physical;
        range.backend = reinterpret_cast<uint64_t>(place);
        mapping.extents_.emplace_back(place, range.size);
    }
    if (auto mapped = map_ranges(*device, access, ranges); !mapped) {
        return std::unexpected(mapped.error());
    }
    mapping.fd_ = std::move(*device);
    return mapping;
}

// The device is free for another opener once its last mapping is gone.
Result<void> Mapping::give_up_host() {
    fd_.reset();
    if (mmap(reserved_, reserved_size_, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED) {
        return {};
    }
    return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, "host", std::strerror(errno));
}

Result<void> Mapping::take_host(Access access, std::span<const DefibRange> ranges) {
    const auto device = open_device(access);
    if (!device) return std::unexpected(device.error());
    return map_ranges(*device, access, ranges);
}

// Where the module makes entries of 2 MB, one touch makes one; elsewhere one page's (window.c).
void Mapping::touch_host() const {
    for (const Bytes extent : extents_) {
        uint64_t at = 0;
        while (at < extent.size()) {
            const auto* byte = reinterpret_cast<const volatile std::byte*>(extent.data() + at);
            static_cast<void>(*byte);
            const bool is_huge = reinterpret_cast<uint64_t>(byte) % HUGE_PAGE == 0 &&
                                 extent.size() - at >= HUGE_PAGE;
            at += is_huge ? HUGE_PAGE : PAGE;
        }
    }
}

Result<void> Mapping::seal_host() {
    if (ioctl(fd_.get(), DEFIB_WINDOW_SEAL) == 0) return {};
    return fail(DEFIB_ERROR_APPLIANCE_SEAL, DEVICE, std::strerror(errno));
}

}  // namespace defib::boot
