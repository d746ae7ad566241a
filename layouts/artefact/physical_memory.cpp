// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/artefact/physical_memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "layouts/artefact/byte_reader.h"

namespace defib::layouts {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr uint64_t FOUR_GIB = uint64_t{4} << 30;

}  // namespace

Result<MemoryFile> MemoryFile::open(const Input& input) {
    MemoryFile file;
    file.bytes_ = input.bytes;
    file.size_ = input.bytes.size();
    if (input.path.empty()) return file;
    file.fd_.reset(::open(input.path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file.fd_.is_open() || ::fstat(file.fd_.get(), &status) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, input.object,
                    std::generic_category().message(errno));
    }
    file.size_ = static_cast<uint64_t>(status.st_size);
    return file;
}

bool MemoryFile::read(uint64_t offset, std::span<std::byte> into) const {
    if (!fd_.is_open()) {
        if (!holds(bytes_, offset, into.size())) return false;
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(),
                    into.begin());
        return true;
    }
    while (!into.empty()) {
        const ssize_t n = ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        into = into.subspan(static_cast<size_t>(n));
        offset += static_cast<uint64_t>(n);
    }
    return true;
}

void MemoryFile::for_each_page(uint64_t begin, uint64_t end,
                               const std::function<bool(uint64_t offset)>& visit) const {
    end = std::min(end, size_);
    for (uint64_t at = begin; at < end;) {
        uint64_t data_end = end;
        if (fd_.is_open()) {
            // ENXIO: no more data. A file system that knows no holes says that all is data.
            const off_t data = ::lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
            if (data < 0) return;
            at = std::max(at, begin + (static_cast<uint64_t>(data) - begin) / PAGE * PAGE);
            const off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
            if (hole >= 0) data_end = std::min(end, static_cast<uint64_t>(hole));
        }
        for (; at < data_end; at += PAGE) {
            if (!visit(at)) return;
        }
    }
}

bool PhysicalMemory::read(uint64_t address, std::span<std::byte> into) const {
    while (!into.empty()) {
        const auto range = std::ranges::find_if(ranges_, [&](const MemoryRange& r) {
            return address >= r.address && address - r.address < r.length;
        });
        if (range == ranges_.end()) return false;
        const uint64_t within = address - range->address;
        const auto n = std::min<uint64_t>(into.size(), range->length - within);
        if (!file_->read(range->offset + within, into.first(n))) return false;
        into = into.subspan(n);
        address += n;
    }
    return true;
}

std::vector<std::vector<MemoryRange>> possible_ranges(uint64_t file_size) {
    std::vector<std::vector<MemoryRange>> possible;
    // hw/i386/pc_q35.c: 2 GiB below the hole once memory reaches 0xb0000000. hw/i386/pc_piix.c: 3
    // GiB once it reaches 0xe0000000 (3.5 GiB on machine types before 1.7's). microvm as q35's
    // first.
    for (const uint64_t low :
         {uint64_t{0x80000000}, uint64_t{0xc0000000}, uint64_t{0xe0000000}, uint64_t{0xb0000000}}) {
        if (file_size <= low) continue;
        possible.push_back({{0, low, 0}, {FOUR_GIB, file_size - low, low}});
    }
    const MemoryRange whole{0, file_size, 0};
    // Below 0xb0000000 nothing is ever split; above, a split is likelier than none.
    if (file_size < 0xb0000000) {
        possible.insert(possible.begin(), {whole});
    } else {
        possible.push_back({whole});
    }
    return possible;
}

}  // namespace defib::layouts
