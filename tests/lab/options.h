// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_TESTS_LAB_OPTIONS_H
#define DEFIB_TESTS_LAB_OPTIONS_H

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace defib::lab {

// The empty initializers are not redundant: without them clang warns of each field that a
// designated initializer leaves out. NOLINTBEGIN(readability-redundant-member-init)

// A virtio disk in the host's memory. Without limits it is as fast as that; a limit of 0 is none.
struct Disk {
    enum class Use : uint8_t {
        RAW,   // left as it is
        SWAP,  // made into swap and switched on
        EXT4,  // formatted and mounted at `mount_at`
        XFS,   // the same; of 300 MB at least
    };
    Use use = Use::RAW;
    uint64_t megabytes = 256;
    uint64_t bytes_per_second = 0;
    uint64_t operations_per_second = 0;
    std::string mount_at = {};
    std::filesystem::path content = {};  // of a RAW one: a file of no more than its size
};

// One end of a cable between two guests (make_cable() in cable.h); -1: the guest has no network.
struct CableEnd {
    int fd = -1;
    unsigned number = 0;  // what the two guests' addresses are told apart by
};

// A guest as a test asks for it. The kernel is Debian's own, and so are its defaults, but for
// `mitigations`: under TCG each switch of page tables flushes the translations, and nothing that
// defib reads depends on them.
struct GuestOptions {
    std::string kernel = "6.12";   // see kernels.h
    unsigned cpus = 2;             // 1 to 8
    uint64_t ram_megabytes = 512;  // 256 to 6144

    bool kaslr = true;
    bool five_level_paging = false;
    bool hypervisor_bit =
        true;               // without it the kernel uses real queued spinlocks, not test-and-set
    bool pmu = true;        // TCG has none in any case; false also where KVM would give one
    bool hpet_nmi = false;  // an HPET with 4 timers that can send messages, and so NMIs
    bool display = false;   // a VGA, for screendump
    bool pcie_display = false;  // a display behind a PCIe port, as a graphics card is
    bool tells_dump = false;    // the guest tells QEMU of its VMCOREINFO, for the note of its dumps
    bool mitigations = false;

    // UEFI's variables as a flash image, which stays as it is: the guest boots by that firmware,
    // and its kernel trusts the keys that stand in `db`. Empty: the BIOS.
    std::filesystem::path uefi_variables = {};
    // A folder that is the system partition of a machine with Secure Boot (of those variables, in
    // which it is switched on): the firmware starts shim from it, shim starts GRUB, and GRUB the
    // kernel. Shim and GRUB are there already (tests/hook/fetch_shim), the lab adds the rest.
    std::filesystem::path system_partition = {};

    std::vector<Disk> disks = {};
    CableEnd cable = {};                    // eth0 in the guest, without an address
    std::vector<std::string> modules = {};  // loaded at start, with what they need
    // Appended to the kernel's command line, and may so overrule what the lab says there.
    std::string command_line = {};
    // Messages below this level go to the serial console, which is slow: 5 is warnings and worse.
    unsigned console_level = 5;

    // Many guests share a machine in the tests, and TCG is slow.
    std::chrono::seconds boot_deadline{120};
};

// NOLINTEND(readability-redundant-member-init)

}  // namespace defib::lab

#endif
