// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/file_pages.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "boot/salvage/dump.h"
#include "engine/runtime/processor.h"
#include "engine/runtime/window.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_SIZE = 4096;
constexpr uint64_t FOLIOS_AT_ONCE = 4096;
constexpr size_t BYTES_AT_ONCE = size_t{16} << 20;
// No folio of the page cache is larger (MAX_PAGECACHE_ORDER is at most 11 on x86-64).
constexpr uint64_t LARGEST_FOLIO = 2048;
constexpr int ATTEMPTS = 3;
// What any file system takes here (ext4 with blocks of 4096 bytes: 16 TB).
constexpr uint64_t LARGEST_FILE = uint64_t{1} << 43;

bool is_same(const DefibFolioRecord& one, const DefibFolioRecord& other) {
    return one.folio == other.folio && one.index == other.index && one.pages == other.pages &&
           one.physical == other.physical;
}

bool is_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::byte one) { return one == std::byte{0}; });
}

}  // namespace

std::optional<uint32_t> level_of_dump(const Session& session) {
    const Target& target = session.target();
    if (target.kind() != TargetKind::core || !looks_like_elf(target.memory().bytes())) return {};
    const auto head = read_elf_head(session.kernel(), target.memory().bytes());
    if (!head) return {};
    DumpProgress progress;
    std::memcpy(&progress, target.memory().bytes().data() + head->progress_at, sizeof progress);
    return progress.level;
}

FilePages::FilePages(Session& session) : session_(session) {
    const DefibWindow& window = session.kernel().window;
    for (const DefibRange& range : std::span(window.ranges).first(window.count))
        most_pages_ += range.size / PAGE_SIZE;
    constexpr uint32_t CACHE = DUMP_WITHOUT_CACHE | DUMP_WITHOUT_PRIVATE_CACHE;
    has_no_cache_ = (level_of_dump(session).value_or(0) & CACHE) != 0;
}

Bytes FilePages::memory_of(const DefibFolioRecord& at) const {
    const uint64_t size = at.pages * PAGE_SIZE;
    const uint64_t place = runtime::backend_of(session_.kernel().window, at.physical, size);
    if (place == 0) return {};
    return {runtime::pointer_to<const std::byte>(place), size};
}

// What is there from a page on, in order, as far as there is room for a copy.
Result<FilePages::Stretch> FilePages::look(uint64_t mapping, uint64_t first) {
    const auto seen = session_.view("file_pages", {}, std::array{mapping, first, FOLIOS_AT_ONCE});
    if (!seen) return std::unexpected(seen.error());
    Stretch stretch;
    stretch.doubts = gaps_in(seen->answer, "pages");
    stretch.is_last = seen->answer.objects < FOLIOS_AT_ONCE;
    for (const SeenRecord& record : seen->records) {
        const auto at = record.as<DefibFolioRecord>(DEFIB_RECORD_FOLIO);
        if (at && at->index >= first) stretch.pieces.push_back({.at = *at});
    }
    std::ranges::sort(stretch.pieces, {}, [](const Piece& piece) { return piece.at.index; });
    size_t bytes = 0;
    uint64_t next = first;
    std::vector<Piece> good;
    for (Piece& piece : stretch.pieces) {
        const uint64_t pages = piece.at.pages;
        if (piece.at.index < next || pages == 0 || pages > LARGEST_FOLIO ||
            memory_of(piece.at).empty()) {
            stretch.doubts += "A page is where none can be. ";
            continue;
        }
        if (bytes + pages * PAGE_SIZE > BYTES_AT_ONCE) {
            stretch.is_last = false;
            break;
        }
        piece.offset = bytes;
        bytes += pages * PAGE_SIZE;
        next = piece.at.index + pages;
        good.push_back(piece);
    }
    stretch.pieces = std::move(good);
    return stretch;
}

Result<FilePages::Stretch> FilePages::copy(uint64_t mapping, uint64_t first) {
    auto before = look(mapping, first);
    for (int attempt = 1; before; attempt++) {
        copy_.resize(BYTES_AT_ONCE);
        for (const Piece& piece : before->pieces) {
            const Bytes memory = memory_of(piece.at);
            std::memcpy(copy_.data() + piece.offset, memory.data(), memory.size());
        }
        auto after = look(mapping, first);
        if (!after) return after;
        bool is_steady = before->pieces.size() == after->pieces.size();
        for (Piece& piece : before->pieces) {
            const auto again = std::ranges::lower_bound(
                after->pieces, piece.at.index, {}, [](const Piece& one) { return one.at.index; });
            const Bytes memory = memory_of(piece.at);
            piece.is_steady =
                again != after->pieces.end() && is_same(again->at, piece.at) &&
                std::memcmp(copy_.data() + piece.offset, memory.data(), memory.size()) == 0;
            is_steady = is_steady && piece.is_steady;
        }
        if (is_steady || attempt == ATTEMPTS) return before;
        before = std::move(after);
    }
    return before;
}

// Which parts of a page that was never read whole are the file's.
ByteRanges FilePages::good_blocks_of(const Piece& piece, uint64_t mapping) {
    const auto seen = session_.view("file_blocks", {}, std::array{piece.at.folio, mapping});
    if (!seen || seen->answer.death != DEFIB_DEATH_NONE || seen->records.empty()) return {};
    const auto blocks = seen->records.front().as<DefibBlocksRecord>(DEFIB_RECORD_BLOCKS);
    const uint64_t size = piece.at.pages * PAGE_SIZE;
    if (!blocks || blocks->count == 0 || blocks->count > DEFIB_BLOCKS_MOST ||
        blocks->block_bytes != size / blocks->count)
        return {};
    ByteRanges good;
    for (uint64_t i = 0; i < blocks->count; i++)
        if ((blocks->is_good[i / 64] >> (i % 64) & 1) != 0)
            good.add(i * blocks->block_bytes, (i + 1) * blocks->block_bytes);
    return good;
}

Result<void> FilePages::write(const Piece& piece, uint64_t mapping, SavedPages& saved,
                              const Output& to) {
    constexpr uint32_t UNSAVED = DEFIB_FOLIO_DIRTY | DEFIB_FOLIO_UNDER_WRITE;
    const bool is_unsaved = (piece.at.state & UNSAVED) != 0;
    const uint64_t size = piece.at.pages * PAGE_SIZE;
    ByteRanges good;
    if ((piece.at.state & DEFIB_FOLIO_UP_TO_DATE) != 0) {
        good.add(0, size);
    } else if (!is_unsaved) {
        return {};  // room that was made and is not filled yet
    } else if (good = good_blocks_of(piece, mapping); good.empty()) {
        good.add(0, size);
        add_part(piece, {0, size}, saved.size, saved.partial);
    }
    for (const ByteRange& part : good.all())
        if (auto done = write_part(piece, part, is_unsaved, saved, to); !done) return done;
    return {};
}

// Adds what of a piece lies in the file; what was added.
ByteRange FilePages::add_part(const Piece& piece, const ByteRange& part, uint64_t size,
                              ByteRanges& ranges) {
    if (piece.at.index > size / PAGE_SIZE) return {};
    const uint64_t start = piece.at.index * PAGE_SIZE;
    const ByteRange added{start + part.first, std::min(start + part.end, size)};
    ranges.add(added.first, added.end);
    return added;
}

Result<void> FilePages::write_part(const Piece& piece, const ByteRange& part, bool is_unsaved,
                                   SavedPages& saved, const Output& to) {
    const auto [first, end] = add_part(piece, part, saved.size, covered_);
    if (first >= end) return {};
    Bytes bytes = Bytes(copy_).subspan(piece.offset + part.first, end - first);
    if (has_no_cache_ && is_zero(bytes)) {
        saved.left_out.add(first, end);
        return {};
    }
    if (!piece.is_steady) saved.torn.add(first, end);
    saved.in_memory += bytes.size();
    if (is_unsaved) saved.unsaved += bytes.size();
    if (const int error = write_all_at(to.fd, first, bytes); error != 0)
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, to.name, std::strerror(error));
    return {};
}

Result<void> FilePages::look_for_swapped(uint64_t mapping, SavedPages& saved) {
    for (uint64_t next = 0;;) {
        const auto seen = session_.view("swapped", {}, std::array{mapping, next, FOLIOS_AT_ONCE});
        if (!seen) return std::unexpected(seen.error());
        saved.doubts += gaps_in(seen->answer, "swapped pages");
        const uint64_t before = next;
        for (const SeenRecord& record : seen->records) {
            const auto at = record.as<DefibSwappedRecord>(DEFIB_RECORD_SWAPPED);
            if (!at || at->index < next || at->index > saved.size / PAGE_SIZE) continue;
            saved.swapped.add(at->index * PAGE_SIZE,
                              std::min((at->index + 1) * PAGE_SIZE, saved.size));
            next = at->index + 1;
        }
        if (seen->records.size() < FOLIOS_AT_ONCE || next == before) return {};
    }
}

Result<SavedPages> FilePages::save(const DefibFileRecord& file, const FileSystem& system,
                                   const Output& to) {
    SavedPages saved;
    covered_ = {};
    const bool can_be = file.size >= 0 && static_cast<uint64_t>(file.size) <= LARGEST_FILE;
    saved.size = can_be ? static_cast<uint64_t>(file.size) : LARGEST_FILE;
    if (!can_be) {
        saved.doubts += "It says that it is larger than files can be here. ";
    } else if (::ftruncate(to.fd, static_cast<off_t>(saved.size)) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, to.name, std::strerror(errno));
    }
    uint64_t pages = 0;
    for (uint64_t next = 0;;) {
        const auto stretch = copy(file.mapping, next);
        if (!stretch) return std::unexpected(stretch.error());
        saved.doubts += stretch->doubts;
        for (const Piece& piece : stretch->pieces) {
            if (auto written = write(piece, file.mapping, saved, to); !written)
                return std::unexpected(written.error());
            next = piece.at.index + piece.at.pages;
            pages += piece.at.pages;
        }
        if (stretch->is_last) break;
        // More than there is: the way leads round and round.
        if (stretch->pieces.empty() || pages > most_pages_) {
            saved.doubts += "The list of its pages is damaged. ";
            break;
        }
    }
    if (!system.is_in_memory) {
        saved.missing = covered_.gaps(saved.size);
        return saved;
    }
    saved.unsaved = saved.in_memory;
    // No disk has what is not found here, so that a hole has to be one.
    if (pages < file.pages)
        saved.doubts += std::to_string(file.pages - pages) + " of its pages were not found. ";
    if (auto looked = look_for_swapped(file.mapping, saved); !looked)
        return std::unexpected(looked.error());
    return saved;
}

std::string FilePages::text_of(const DefibFileRecord& file, size_t most) {
    const auto stretch = copy(file.mapping, 0);
    if (!stretch || stretch->pieces.empty() || file.size <= 0) return {};
    const Piece& first = stretch->pieces.front();
    const size_t size = std::min({static_cast<size_t>(file.size), most, size_t{PAGE_SIZE}});
    if (first.at.index != 0 || !first.is_steady) return {};
    return std::string(as_text(Bytes(copy_).subspan(first.offset, size)));
}

}  // namespace defib::boot
