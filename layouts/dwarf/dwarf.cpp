// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Units are independent of each other, so threads take them one by one from a common counter; each
// thread merges what it reads, and at the end the threads' results are merged. LLVM's context is
// shared and not made for that: whatever of it is read lazily is read under a lock.
#include "layouts/dwarf/dwarf.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFUnit.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "layouts/dwarf/sections.h"
#include "layouts/dwarf/type_merger.h"
#include "layouts/dwarf/unit_reader.h"

namespace defib::layouts {
namespace {

struct Context {
    DebugSections sections;
    std::unique_ptr<llvm::DWARFContext> dwarf;
};

void ignore(llvm::Error error) {
    llvm::consumeError(std::move(error));
}

Result<std::unique_ptr<Context>> open(const ElfFile& elf, std::string_view object) {
    auto context = std::make_unique<Context>();
    auto sections = debug_sections(elf, object);
    if (!sections) return std::unexpected(sections.error());
    context->sections = std::move(*sections);
    llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> buffers;
    for (const auto& [name, bytes] : context->sections.by_name) {
        const std::string_view text = as_text(bytes);
        buffers[llvm::StringRef(name)] = llvm::MemoryBuffer::getMemBuffer(
            llvm::StringRef(text.data(), text.size()), name, /*RequiresNullTerminator=*/false);
    }
    constexpr uint8_t ADDRESS_SIZE = 8;
    context->dwarf = llvm::DWARFContext::create(buffers, ADDRESS_SIZE, /*isLittleEndian=*/true,
                                                ignore, ignore, /*ThreadSafe=*/true);
    return context;
}

// Rust's and assembler's units describe no structure of the kernel's C: pahole leaves them out of
// BTF too (--lang_exclude=rust in the kernel's scripts/Makefile.btf).
bool is_c(uint64_t language) {
    switch (language) {
        case llvm::dwarf::DW_LANG_C:
        case llvm::dwarf::DW_LANG_C89:
        case llvm::dwarf::DW_LANG_C99:
        case llvm::dwarf::DW_LANG_C11:
        case llvm::dwarf::DW_LANG_C17:
            return true;
        default:
            return false;
    }
}

class Units {
  public:
    Units(llvm::DWARFContext& context, std::string_view object)
        : context_(context), object_(object) {
        count_ = static_cast<uint32_t>(context.getNumCompileUnits());
    }

    uint32_t count() const { return count_; }

    // Run by each thread with a merger of its own.
    void work(TypeMerger& merger) {
        UnitReader reader;
        for (uint32_t i = next_++; i < count_ && !has_failed_; i = next_++) {
            if (auto done = read(i, reader, merger); !done) {
                has_failed_ = true;
                const std::scoped_lock lock(lock_);
                // The first in the file, whichever thread came first.
                if (!error_ || i < failed_at_) {
                    error_ = done.error();
                    failed_at_ = i;
                }
            }
        }
    }

    Result<void> result() const {
        if (error_) return std::unexpected(*error_);
        return {};
    }

  private:
    Result<void> read(uint32_t index, UnitReader& reader, TypeMerger& merger) {
        llvm::DWARFUnit* unit = nullptr;
        {
            const std::scoped_lock lock(lock_);
            unit = context_.getUnitAtIndex(index);
            const llvm::DWARFDie top = unit->getUnitDIE(/*ExtractUnitDIEOnly=*/true);
            const auto language = llvm::dwarf::toUnsigned(top.find(llvm::dwarf::DW_AT_language));
            if (!language || !is_c(*language) || !unit->getAbbreviations()) return {};
        }
        auto done = reader.read(*unit, object_);
        if (done) done = merger.add(reader.types(), index, object_);
        const std::scoped_lock lock(lock_);
        unit->clear();
        return done;
    }

    llvm::DWARFContext& context_;
    std::string_view object_;
    uint32_t count_ = 0;
    std::atomic<uint32_t> next_ = 0;
    std::atomic<bool> has_failed_ = false;
    std::mutex lock_;
    std::optional<Error> error_;
    uint32_t failed_at_ = 0;
};

}  // namespace

bool has_dwarf_sections(const ElfFile& elf) {
    return elf.section(".debug_info") != nullptr || elf.section(".zdebug_info") != nullptr;
}

Result<DwarfTypes> read_dwarf(const ElfFile& elf, std::string_view object, unsigned threads) {
    auto context = open(elf, object);
    if (!context) return std::unexpected(context.error());
    Units units(*(*context)->dwarf, object);
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    threads = std::clamp(threads, 1U, std::max(1U, units.count()));

    std::vector<TypeMerger> mergers(threads);
    {
        std::vector<std::jthread> others;
        others.reserve(threads);
        for (unsigned i = 1; i < threads; ++i) {
            others.emplace_back([&units, &merger = mergers[i]] { units.work(merger); });
        }
        units.work(mergers[0]);
    }
    if (auto result = units.result(); !result) return std::unexpected(result.error());
    for (unsigned i = 1; i < threads; ++i) mergers[0].add(std::move(mergers[i]));

    DwarfTypes found;
    found.types = std::move(mergers[0]).finish();
    if (auto valid = validate(found.types, object); !valid) return std::unexpected(valid.error());
    if (found.types.types.size() <= 1) {
        return fail(DEFIB_ERROR_LAYOUT_NO_TYPES, std::string(object), "no C types in its DWARF");
    }
    // LLVM's context dies here; the names are views into the sections.
    found.memory = std::make_shared<const DebugSections>(std::move((*context)->sections));
    return found;
}

}  // namespace defib::layouts
