// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/corrupt/frozen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "boot/commands/look.h"
#include "engine/base/unique_fd.h"

namespace defib::corrupt {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr uint64_t NOWHERE = ~uint64_t{0};
constexpr uint64_t KERNEL_HALF = 0xffff800000000000;
// Bits of an entry, as in arch/x86/include/asm/pgtable_types.h.
constexpr uint64_t PRESENT = 1;
constexpr uint64_t LARGE = 1 << 7;
constexpr uint64_t FRAME = 0x000ffffffffff000;

// What a page that was taken away is asked for by: there is one at a time.
struct Watch {
    std::byte* base = nullptr;
    size_t size = 0;
    std::vector<bool>* read = nullptr;
};
Watch watch;

void give_page(int number, siginfo_t* what, void* context) {
    static_cast<void>(context);
    const auto at = static_cast<size_t>(static_cast<std::byte*>(what->si_addr) - watch.base);
    if (at >= watch.size || (*watch.read)[at / PAGE]) {
        signal(number, SIG_DFL);  // not for this: let it end the program
        return;
    }
    (*watch.read)[at / PAGE] = true;
    mprotect(watch.base + at / PAGE * PAGE, PAGE, PROT_READ);
}

std::unexpected<Error> cannot(const std::filesystem::path& path) {
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, path.string(), std::strerror(errno));
}

}  // namespace

Result<std::unique_ptr<Frozen>> Frozen::copy(lab::Guest& guest) {
    std::unique_ptr<Frozen> frozen(new Frozen);
    if (auto stopped = guest.qmp("stop"); !stopped) return std::unexpected(stopped.error());
    const UniqueFd from(open(guest.ram_file().c_str(), O_RDONLY | O_CLOEXEC));
    frozen->size_ = guest.options().ram_megabytes << 20;
    frozen->file_ = guest.ram_file().string() + ".frozen";
    const UniqueFd to(open(frozen->file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (to.get() < 0 || ftruncate(to.get(), static_cast<off_t>(frozen->size_)) != 0) {
        return cannot(frozen->file_);
    }
    void* memory = mmap(nullptr, frozen->size_, PROT_READ | PROT_WRITE, MAP_SHARED, to.get(), 0);
    if (memory == MAP_FAILED) return cannot(frozen->file_);
    frozen->words_ = static_cast<uint64_t*>(memory);
    // Holes stay holes.
    for (off_t at = 0; (at = lseek(from.get(), at, SEEK_DATA)) >= 0;) {
        const off_t end = lseek(from.get(), at, SEEK_HOLE);
        while (at < end) {
            const ssize_t count = pread(from.get(), static_cast<char*>(memory) + at,
                                        static_cast<size_t>(end - at), at);
            if (count <= 0) return cannot(guest.ram_file());
            at += count;
        }
    }
    if (auto goes_on = guest.qmp("cont"); !goes_on) return std::unexpected(goes_on.error());
    boot::LookArguments look;
    look.target = "vm:" + frozen->file_.string();
    look.backend.backend = boot::Backend::cpu;
    auto session = boot::open_session(look);
    if (!session) return std::unexpected(session.error());
    frozen->session_ = std::move(*session);
    return frozen;
}

Frozen::~Frozen() {
    session_.reset();
    if (words_ != nullptr) munmap(words_, size_);
    if (!file_.empty()) unlink(file_.c_str());
}

uint64_t Frozen::offset_of(uint64_t physical) const {
    const DefibWindow& window = session_->kernel().window;
    const auto base = reinterpret_cast<uint64_t>(session_->target().memory().bytes().data());
    for (uint32_t i = 0; i < window.count; i++) {
        const DefibRange& range = window.ranges[i];
        if (physical - range.physical < range.size) {
            return range.backend - base + (physical - range.physical);
        }
    }
    return NOWHERE;
}

std::vector<bool> Frozen::pages_read_by(const std::function<void()>& walk) const {
    const Bytes memory = session_->target().memory().bytes();
    std::vector<bool> read(size_ / PAGE);
    watch = {const_cast<std::byte*>(memory.data()), memory.size(), &read};
    struct sigaction ours{};
    struct sigaction before{};
    ours.sa_sigaction = give_page;
    ours.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &ours, &before);
    mprotect(watch.base, watch.size, PROT_NONE);
    walk();
    mprotect(watch.base, watch.size, PROT_READ);
    sigaction(SIGSEGV, &before, nullptr);
    return read;
}

void Frozen::collect_tables(uint64_t table, unsigned level, std::vector<bool>& seen) {
    const uint64_t offset = offset_of(table);
    if (offset == NOWHERE || seen[offset / PAGE]) return;
    seen[offset / PAGE] = true;
    tables_.push_back(table);
    if (level == 1) return;
    for (uint64_t i = 0; i < PAGE / 8; i++) {
        const uint64_t entry = word(offset + 8 * i);
        if ((entry & PRESENT) != 0 && (entry & LARGE) == 0) {
            collect_tables(entry & FRAME, level - 1, seen);
        }
    }
}

Result<void> Frozen::note_places(const std::function<void()>& walk) {
    const std::vector<bool> read = pages_read_by(walk);
    std::vector<bool> is_table(size_ / PAGE);
    const DefibKernelMap& map = session_->kernel().map;
    collect_tables(map.page_table, map.levels, is_table);
    for (uint64_t page = 0; page < read.size(); page++) {
        if (!read[page]) continue;
        std::vector<uint64_t> pointers;
        for (uint64_t at = page * PAGE; at < (page + 1) * PAGE; at += 8) {
            const uint64_t value = word(at);
            if (is_table[page]) {
                if ((value & PRESENT) != 0) entries_.push_back(at);
            } else if (value >= KERNEL_HALF && value != ~uint64_t{0}) {
                pointers.push_back(at);
            }
        }
        if (!pointers.empty()) pointers_.push_back(std::move(pointers));
    }
    if (!pointers_.empty() && !entries_.empty()) return {};
    return fail(DEFIB_ERROR_LAB_REFUSED, file_.string(),
                fmt::format("{} pages with pointers and {} entries were read", pointers_.size(),
                            entries_.size()));
}

uint64_t Frozen::random_pointer(std::mt19937_64& random) const {
    const auto& page = pointers_[random() % pointers_.size()];
    return page[random() % page.size()];
}

void Frozen::set(uint64_t offset, uint64_t value) {
    spoilt_.push_back({offset, word(offset)});
    word(offset) = value;
}

void Frozen::spoil_pointer(std::mt19937_64& random) {
    const uint64_t at = random_pointer(random);
    const uint64_t before = word(at);
    const uint64_t other = word(random_pointer(random));
    switch (random() % 10) {
        case 0:
            return set(at, 0);
        case 1:
            return set(at, random());
        case 2:
            return set(at, random() | KERNEL_HALF);
        case 3:  // somebody else's: types are mixed up, lists are joined
        case 4:
            return set(at, other);
        case 5:  // a list that bites its tail: its neighbour's place
            return set(at, before + 8 * (random() % 64) - 256);
        case 6:
            return set(at, before ^ uint64_t{1} << random() % 64);
        case 7:
            return set(at, before + 1 + random() % 7);
        case 8:  // across the end of a page
            return set(at, (before | (PAGE - 1)) - random() % 8);
        default:  // of a process
            return set(at, random() & 0x00007fffffffffff);
    }
}

void Frozen::spoil_entry(std::mt19937_64& random) {
    const uint64_t at = entries_[random() % entries_.size()];
    const uint64_t before = word(at);
    const uint64_t flags = before & ~FRAME;
    switch (random() % 8) {
        case 0:
            return set(at, 0);
        case 1:
            return set(at, random());
        case 2:
            return set(at, before ^ uint64_t{1} << random() % 64);
        case 3:  // a table that leads to a table, to itself among them
            return set(at, tables_[random() % tables_.size()] | flags);
        case 4:
            return set(at, before ^ LARGE);
        case 5:
            return set(at, word(entries_[random() % entries_.size()]));
        case 6:  // beyond the memory's end
            return set(at, ((size_ + PAGE * (random() % 4096)) & FRAME) | flags);
        default:
            return set(at, (random() & FRAME) | flags);
    }
}

void Frozen::spoil(std::mt19937_64& random, unsigned words) {
    for (unsigned i = 0; i < words; i++) {
        if (random() % 2 == 0)
            spoil_pointer(random);
        else
            spoil_entry(random);
    }
}

void Frozen::restore() {
    // Backwards: a word may have been spoilt twice.
    for (; !spoilt_.empty(); spoilt_.pop_back()) word(spoilt_.back().at) = spoilt_.back().before;
}

}  // namespace defib::corrupt
