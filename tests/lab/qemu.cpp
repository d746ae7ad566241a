// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/qemu.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/lab/keeper.h"
#include "tests/lab/protocol.h"

namespace defib::lab {
namespace {

constexpr uint64_t GIB = uint64_t{1} << 30;

std::string cpu_model(const GuestOptions& options) {
    // A model without TSX, less what TCG does not have: QEMU would warn about each bit.
    std::string model = "Haswell-noTSX,-pcid,-invpcid,-x2apic,-tsc-deadline";
    if (options.five_level_paging) model += ",+la57";
    if (!options.hypervisor_bit) model += ",-hypervisor";
    if (!options.pmu) model += ",pmu=off";
    return model;
}

}  // namespace

std::string command_line(const GuestOptions& options) {
    // rdinit: the agent is process 1. panic=0 is the default of the kernel and of Debian.
    std::string line =
        fmt::format("console=ttyS0,115200 rdinit=/agent loglevel={}", options.console_level);
    if (!options.kaslr) line += " nokaslr";
    if (!options.mitigations) line += " mitigations=off";
    if (options.display) line += " console=tty0";
    if (!options.command_line.empty()) line += " " + options.command_line;
    return line;
}

std::vector<RamRange> ram_ranges_of(uint64_t ram_bytes) {
    constexpr uint64_t SPLIT_FROM = 0xb0000000;
    if (ram_bytes < SPLIT_FROM) return {{0, 0, ram_bytes}};
    return {{0, 0, 2 * GIB}, {4 * GIB, 2 * GIB, ram_bytes - 2 * GIB}};
}

// Debian's package ovmf; its variables lie in OVMF_VARS_4M.fd beside it.
constexpr const char* UEFI_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
constexpr const char* SECURE_UEFI_CODE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";

Result<void> check(const GuestOptions& options) {
    if (options.cpus < 1 || options.cpus > 8) {
        return fail(DEFIB_ERROR_BASE_USAGE, "CPUs", std::to_string(options.cpus), "1 to 8");
    }
    if (options.ram_megabytes < 256 || options.ram_megabytes > 6144) {
        return fail(DEFIB_ERROR_BASE_USAGE, "RAM", fmt::format("{} MB", options.ram_megabytes),
                    "256 to 6144");
    }
    return {};
}

std::vector<std::string> qemu_arguments(const GuestOptions& options, const Kernel& kernel,
                                        const std::filesystem::path& ram_file) {
    const auto fd = [](int index) { return FIRST_INHERITED_FD + index; };
    const auto path = [&](int index) { return fmt::format("/proc/self/fd/{}", fd(index)); };
    const auto socket = [&](const char* name, int index) {
        return fmt::format("socket,id={},fd={}", name, fd(index));
    };
    std::vector<std::string> argv{"qemu-system-x86_64", "-nodefaults", "-no-user-config"};
    const auto add = [&argv](const char* option, std::string value) {
        argv.emplace_back(option);
        argv.push_back(std::move(value));
    };
    add("-name", "defib-lab");
    const bool is_secure = !options.system_partition.empty();
    // That firmware guards its variables by system management mode.
    add("-machine", is_secure ? "q35,smm=on,memory-backend=ram" : "q35,memory-backend=ram");
    add("-accel", "tcg,thread=multi");
    add("-cpu", cpu_model(options));
    add("-smp", std::to_string(options.cpus));
    add("-m", fmt::format("{}M", options.ram_megabytes));
    add("-object", fmt::format("memory-backend-file,id=ram,share=on,size={}M,mem-path={}",
                               options.ram_megabytes, ram_file.string()));
    add("-display", "none");
    if (options.tells_dump) add("-device", "vmcoreinfo");
    add("-vga", options.display ? "std" : "none");
    if (options.pcie_display) {
        add("-device", "pcie-root-port,id=display_port,chassis=1");
        add("-device", "bochs-display,bus=display_port");
    }
    // A guest that reboots or powers off ends; one that panics stays, to be looked at.
    add("-action", "reboot=shutdown,shutdown=poweroff,panic=none");
    if (options.hpet_nmi) {
        add("-global", "hpet.msi=on");
        add("-global", "hpet.timers=4");
    }
    if (!options.uefi_variables.empty()) {
        add("-drive", fmt::format("if=pflash,unit=0,format=raw,readonly=on,file={}",
                                  is_secure ? SECURE_UEFI_CODE : UEFI_CODE));
        add("-drive", fmt::format("if=pflash,unit=1,format=raw,snapshot=on,file={}",
                                  options.uefi_variables.string()));
    }
    if (is_secure) {
        add("-global", "driver=cfi.pflash01,property=secure,value=on");
        add("-global", "ICH9-LPC.disable_s3=1");
        add("-drive", fmt::format("if=none,id=system,format=raw,readonly=on,file=fat:{}",
                                  options.system_partition.string()));
        add("-device", "virtio-blk-pci,drive=system,bootindex=0");
    } else {
        add("-kernel", kernel.image().string());
        add("-initrd", path(INHERITED_INITRAMFS));
        add("-append", command_line(options));
    }
    add("-chardev", socket("console", INHERITED_CONSOLE));
    add("-serial", "chardev:console");
    add("-chardev", socket("qmp", INHERITED_QMP));
    add("-mon", "chardev=qmp,mode=control");
    add("-chardev", socket("agent", INHERITED_AGENT));
    add("-device", "virtio-serial-pci");
    add("-device", fmt::format("virtserialport,chardev=agent,name={}", PORT_NAME));
    add("-object", fmt::format("memory-backend-file,id=beats,share=on,size={},mem-path={}",
                               BEAT_BAR_BYTES, path(INHERITED_BEATS)));
    add("-device", "ivshmem-plain,memdev=beats");
    for (size_t i = 0; i < options.disks.size(); ++i) {
        const Disk& disk = options.disks[i];
        add("-drive", fmt::format("if=none,id=disk{},format=raw,cache=unsafe,file={},"
                                  "throttling.bps-total={},throttling.iops-total={}",
                                  i, path(INHERITED_DISKS + static_cast<int>(i)),
                                  disk.bytes_per_second, disk.operations_per_second));
        add("-device", fmt::format("virtio-blk-pci,drive=disk{}", i));
    }
    if (options.cable.fd >= 0) {
        const int index = INHERITED_DISKS + static_cast<int>(options.disks.size());
        add("-netdev", socket("cable", index));
        add("-device", fmt::format("virtio-net-pci,netdev=cable,romfile=,mac=52:54:00:de:f1:{:02x}",
                                   options.cable.number));
    }
    return argv;
}

std::vector<std::string> modules_for(const GuestOptions& options) {
    std::vector<std::string> names{"virtio_pci", "virtio_console"};
    if (!options.disks.empty()) names.emplace_back("virtio_blk");
    if (options.cable.fd >= 0) names.emplace_back("virtio_net");
    const auto uses = [&](Disk::Use use) {
        return std::ranges::find(options.disks, use, &Disk::use) != options.disks.end();
    };
    // Both ask the crypto layer for it by name; it is no symbol that modpost would see.
    if (uses(Disk::Use::EXT4) || uses(Disk::Use::XFS)) names.emplace_back("crc32c_generic");
    if (uses(Disk::Use::EXT4)) names.emplace_back("ext4");
    if (uses(Disk::Use::XFS)) names.emplace_back("xfs");
    names.insert(names.end(), options.modules.begin(), options.modules.end());
    return names;
}

}  // namespace defib::lab
