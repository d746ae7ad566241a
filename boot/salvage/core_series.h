// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The last cores of a process, each whole and for itself: FILE.7, FILE.8, FILE.9, and FILE, a link
// to the newest. What falls behind becomes the next one: only its pages that differ are written. So
// there is room for one more than is kept, nothing that is kept is ever touched, and whatever ends
// this program leaves as many whole ones as there were.
#ifndef DEFIB_BOOT_SALVAGE_CORE_SERIES_H
#define DEFIB_BOOT_SALVAGE_CORE_SERIES_H

#include <deque>
#include <optional>

#include "boot/salvage/known_pages.h"
#include "boot/salvage/new_file.h"

namespace defib::boot {

class CoreSeries {
  public:
    // Goes on with what is there under that name.
    static Result<CoreSeries> open(const std::filesystem::path& path, size_t keep);

    // The next one, and what it holds already.
    Result<NewFile> begin();
    KnownPages& known() { return *known_; }
    // It is whole, under its name.
    Result<void> take();

    std::filesystem::path newest() const { return name(kept_.back().number); }

  private:
    struct Core {
        uint64_t number = 0;
        std::optional<KnownPages> known;  // nothing: another program made it
    };

    CoreSeries(std::filesystem::path path, size_t keep) : path_(std::move(path)), keep_(keep) {}
    Result<void> look();
    Result<void> point_to_newest();
    void retire(Core oldest);
    std::filesystem::path name(uint64_t number) const;
    std::filesystem::path with(const char* ending) const { return path_.string() + ending; }

    std::filesystem::path path_;
    size_t keep_;
    std::deque<Core> kept_;
    std::optional<KnownPages> spare_;
    std::optional<KnownPages> known_;  // of the one that is being made
    uint64_t last_ = 0;
};

}  // namespace defib::boot

#endif
