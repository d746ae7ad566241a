// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/core_memory.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
// include/linux/mm.h; the first three have been the same ever since.
constexpr uint64_t VM_READ = 0x1;
constexpr uint64_t VM_WRITE = 0x2;
constexpr uint64_t VM_EXEC = 0x4;
constexpr uint64_t VM_PFNMAP = 0x400;
constexpr uint64_t VM_IO = 0x4000;
// Zeros that nobody has touched are holes of the file, as far as file systems take so long ones.
constexpr uint64_t LONGEST_HOLE = uint64_t{1} << 30;
constexpr uint64_t MOST_HOLES = uint64_t{1} << 40;
// As many headers take 112 MB.
constexpr size_t MOST_SEGMENTS = size_t{2} << 20;

uint32_t rights_of(const DefibImageAreaRecord& area) {
    return ((area.flags & VM_READ) != 0 ? PF_R : 0U) | ((area.flags & VM_WRITE) != 0 ? PF_W : 0U) |
           ((area.flags & VM_EXEC) != 0 ? PF_X : 0U);
}

bool is_zero(Bytes page) {
    return page.front() == std::byte{0} &&
           std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

class Writer {
  public:
    Writer(NewFile& file, uint64_t offset, const IsOver& is_over, KnownPages* known)
        : file_(file), is_over_(is_over), known_(known) {
        memory_.end = offset;
    }

    Result<void> take(const DefibImageAreaRecord& area, UserPages& pages);
    CoreMemory finish() { return std::move(memory_); }

  private:
    Result<void> take(const DefibImageAreaRecord& area, const UserStretch& stretch);
    Result<void> write(Bytes bytes);
    Result<void> write_zeros(uint64_t size);
    bool is_to_be_written(uint64_t at, Bytes page);
    void add(const DefibImageAreaRecord& area, uint64_t first, uint64_t end, bool has_bytes);
    bool is_hole(const DefibImageAreaRecord& area, uint64_t size) const;
    ByteRanges& list_of(const DefibImageAreaRecord& area, PageState state);

    NewFile& file_;
    const IsOver& is_over_;
    KnownPages* known_;
    CoreMemory memory_;
    uint64_t holes_ = 0;
    uint64_t area_first_ = 0;
};

// Next to what came before it in the same mapping it is the same segment.
void Writer::add(const DefibImageAreaRecord& area, uint64_t first, uint64_t end, bool has_bytes) {
    auto& segments = memory_.segments;
    const uint64_t size = end - first;
    const bool goes_on = !segments.empty() && segments.back().first >= area_first_ &&
                         segments.back().first + segments.back().size == first &&
                         (segments.back().file_size != 0) == has_bytes;
    if (!goes_on) segments.push_back({first, 0, memory_.end, 0, rights_of(area)});
    segments.back().size += size;
    if (!has_bytes) return;
    segments.back().file_size += size;
    memory_.end += size;
}

// A new file's holes are zeros.
bool Writer::is_to_be_written(uint64_t at, Bytes page) {
    if (known_ == nullptr) return !is_zero(page);
    return is_zero(page) ? known_->takes_zeros(at / PAGE_SIZE)
                         : known_->takes(at / PAGE_SIZE, page);
}

Result<void> Writer::write(Bytes bytes) {
    // Pages that are kept side by side are written at once.
    for (size_t at = 0; at < bytes.size();) {
        size_t end = at;
        while (end < bytes.size() &&
               is_to_be_written(memory_.end + end, bytes.subspan(end, PAGE_SIZE)))
            end += PAGE_SIZE;
        if (auto put = file_.put(memory_.end + at, bytes.subspan(at, end - at)); !put) return put;
        memory_.written += end - at;
        at = end + PAGE_SIZE;
    }
    return {};
}

// Nobody has touched it; of a file that is not new something may be left there.
Result<void> Writer::write_zeros(uint64_t size) {
    static constexpr std::array<std::byte, PAGE_SIZE> ZEROS{};
    if (known_ == nullptr) return {};
    for (uint64_t at = memory_.end; at < memory_.end + size; at += PAGE_SIZE) {
        if (!known_->takes_zeros(at / PAGE_SIZE)) continue;
        if (auto put = file_.put(at, ZEROS); !put) return put;
        memory_.written += PAGE_SIZE;
    }
    return {};
}

// A mapping without a file holds zeros where nobody has written.
bool Writer::is_hole(const DefibImageAreaRecord& area, uint64_t size) const {
    return area.file == 0 && rights_of(area) != 0 && size <= LONGEST_HOLE &&
           holes_ + size <= MOST_HOLES;
}

ByteRanges& Writer::list_of(const DefibImageAreaRecord& area, PageState state) {
    switch (state) {
        case PageState::swapped:
            return memory_.swapped;
        case PageState::moving:
            return memory_.moving;
        case PageState::untouched:
            return area.file != 0 ? memory_.in_file : memory_.untouched;
        default:
            return memory_.outside;
    }
}

Result<void> Writer::take(const DefibImageAreaRecord& area, const UserStretch& stretch) {
    if (is_over_()) return fail(DEFIB_ERROR_BOOT_NOT_DONE, "checkpoint", "it was asked to end");
    if (memory_.segments.size() > MOST_SEGMENTS) {
        return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, "the process",
                    "its memory is in more pieces than a core can name");
    }
    if (stretch.state == PageState::present) {
        if (auto written = write(stretch.bytes); !written) return written;
        memory_.bytes += stretch.bytes.size();
        add(area, stretch.first, stretch.end, true);
        return {};
    }
    const uint64_t size = stretch.end - stretch.first;
    if (stretch.state == PageState::untouched && is_hole(area, size)) {
        holes_ += size;
        if (auto written = write_zeros(size); !written) return written;
        add(area, stretch.first, stretch.end, true);
        return {};
    }
    add(area, stretch.first, stretch.end, false);
    list_of(area, stretch.state).add(stretch.first, stretch.end);
    return {};
}

Result<void> Writer::take(const DefibImageAreaRecord& area, UserPages& pages) {
    area_first_ = area.first;
    if ((area.flags & (VM_IO | VM_PFNMAP)) != 0) {
        add(area, area.first, area.end, false);
        memory_.outside.add(area.first, area.end);
        return {};
    }
    return pages.walk(area.first, area.end,
                      [&](const UserStretch& stretch) { return take(area, stretch); });
}

}  // namespace

Result<CoreMemory> write_core_memory(const std::vector<ImageArea>& areas, UserPages& pages,
                                     NewFile& file, uint64_t offset, const IsOver& is_over,
                                     KnownPages* known) {
    Writer writer(file, offset, is_over, known);
    for (const ImageArea& area : areas)
        if (auto taken = writer.take(area.data, pages); !taken)
            return std::unexpected(taken.error());
    CoreMemory memory = writer.finish();
    // Notes come behind it.
    if (known != nullptr) known->forget_behind(memory.end / PAGE_SIZE);
    return memory;
}

}  // namespace defib::boot
