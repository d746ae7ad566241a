// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes the seeds that are made, not found: make_seeds FOLDER. They are kept in the tree, so that
// a fuzzer starts from the same ones whatever becomes of the fixtures.
#include <cstdio>
#include <filesystem>
#include <string>

#include "engine/base/file.h"
#include "layouts/artefact/fixtures.h"

namespace {

namespace fixtures = defib::layouts::fixtures;
using fixtures::KallsymsOrder;
using fixtures::Packing;
using fixtures::PerCpu;

bool write(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    const auto written = defib::write_atomically(path, bytes);
    if (!written) std::fprintf(stderr, "%s\n", defib::to_line(written.error()).c_str());
    return written.has_value();
}

std::string kallsyms(KallsymsOrder order, PerCpu per_cpu) {
    constexpr uint64_t TEXT = 0xffffffff81000000;
    return fixtures::tiny_kallsyms(fixtures::tiny_symbols(TEXT, per_cpu), TEXT, order, per_cpu)
        .bytes;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_seeds FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    const std::string vmlinux = fixtures::tiny_vmlinux();
    const auto vmlinuz = [&](Packing packing) {
        return fixtures::bzimage(fixtures::pack(vmlinux, packing));
    };
    bool is_done = write(folder / "artefact/vmlinux", vmlinux);
    is_done &= write(folder / "artefact/vmlinuz-gzip", vmlinuz(Packing::gzip));
    is_done &= write(folder / "artefact/vmlinuz-xz", vmlinuz(Packing::xz));
    is_done &= write(folder / "artefact/vmlinuz-zstd", vmlinuz(Packing::zstd));
    is_done &= write(folder / "artefact/vmlinuz-lz4", vmlinuz(Packing::lz4));
    is_done &= write(
        folder / "artefact/package.deb",
        fixtures::deb({{"./boot/vmlinuz-9.9.9-tiny", vmlinuz(Packing::bzip2)}}, Packing::none));
    is_done &= write(folder / "artefact/vmcore", fixtures::tiny_vmcore());
    is_done &= write(folder / "artefact/btf", fixtures::tiny_btf());
    is_done &= write(folder / "kallsyms/first-absolute",
                     kallsyms(KallsymsOrder::offsets_first, PerCpu::absolute));
    is_done &= write(folder / "kallsyms/last-absolute",
                     kallsyms(KallsymsOrder::offsets_last, PerCpu::absolute));
    is_done &= write(folder / "kallsyms/last-relative",
                     kallsyms(KallsymsOrder::offsets_last, PerCpu::relative));
    is_done &= write(folder / "memory/tiny", fixtures::tiny_memory());
    return is_done ? 0 : 1;
}
