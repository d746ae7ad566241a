// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A guest's memory as it was at one moment: a copy that nobody runs in, to be spoiled word by word
// and restored. Only what the engine reads is worth spoiling: every walk is taken once with the
// memory taken away, and each page that it asks for is noted and given.
#ifndef DEFIB_TESTS_CORRUPT_FROZEN_H
#define DEFIB_TESTS_CORRUPT_FROZEN_H

#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "boot/session/session.h"
#include "tests/lab/guest.h"

namespace defib::corrupt {

class Frozen {
  public:
    // Stops the guest, copies its memory, and lets it go on.
    static Result<std::unique_ptr<Frozen>> copy(lab::Guest& guest);
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;
    ~Frozen();

    // Over the copy, mapped without the right to write: a store of anybody's ends the program.
    boot::Session& session() { return *session_; }

    // Takes what `walk` reads as the places to spoil.
    Result<void> note_places(const std::function<void()>& walk);

    // Spoils some words, pointers and entries of page tables.
    void spoil(std::mt19937_64& random, unsigned words);
    void restore();

  private:
    struct Spoilt {
        uint64_t at;
        uint64_t before;
    };

    Frozen() = default;
    uint64_t& word(uint64_t offset) { return words_[offset / 8]; }
    uint64_t random_pointer(std::mt19937_64& random) const;
    void spoil_pointer(std::mt19937_64& random);
    void spoil_entry(std::mt19937_64& random);
    void set(uint64_t offset, uint64_t value);
    std::vector<bool> pages_read_by(const std::function<void()>& walk) const;
    void collect_tables(uint64_t table, unsigned level, std::vector<bool>& seen);
    uint64_t offset_of(uint64_t physical) const;

    std::filesystem::path file_;
    uint64_t size_ = 0;
    uint64_t* words_ = nullptr;
    std::unique_ptr<boot::Session> session_;
    // Of each page, offsets of words that hold addresses of the kernel.
    std::vector<std::vector<uint64_t>> pointers_;
    std::vector<uint64_t> entries_;  // offsets of entries of page tables
    std::vector<uint64_t> tables_;   // physical addresses
    std::vector<Spoilt> spoilt_;
};

}  // namespace defib::corrupt

#endif
