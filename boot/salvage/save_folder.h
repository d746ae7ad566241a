// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The folder that files are saved into. It grows as FOLDER.unfinished, for nobody else to read, and
// gets its own name when all is there.
//
// Nothing is ever made outside of it: a path is walked step by step, each step a saved_name() and
// none of them through a link; links themselves are made when no file is made any more.
#ifndef DEFIB_BOOT_SALVAGE_SAVE_FOLDER_H
#define DEFIB_BOOT_SALVAGE_SAVE_FOLDER_H

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace defib::boot {

struct Owner {
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t mode = 0;  // read, write, execute; no more is given to a file here
};

class SaveFolder {
  public:
    static Result<SaveFolder> make(std::filesystem::path folder);

    struct Made {
        UniqueFd fd;
        std::string name;  // from the folder on; another one where it was taken
    };
    // A new file; the folders above it are made where they are missing. `path` is as it was found.
    Result<Made> make_file(std::span<const std::string> path);
    // A folder, or one that is there. It gets its owner at the end.
    Result<std::string> make_folder(std::span<const std::string> path, const Owner& owner);
    Result<std::string> make_link(std::span<const std::string> path, const std::string& text);

    // Where this process may give files away; else the owner is only told.
    bool gives_owners() const { return gives_owners_; }
    void give(int fd, const Owner& owner) const;

    // What to do about a disk that takes no more.
    std::string advice() const { return "what was saved until then is in " + unfinished_.string(); }

    // The folder gets its name. No more can be made in it.
    Result<void> finish();

  private:
    struct Place {
        UniqueFd folder;
        std::string path;  // "" or "a/b/"
    };
    struct Owned {
        std::string path;
        Owner owner;
    };

    Result<Place> enter(std::span<const std::string> path);
    Result<UniqueFd> open_folder(const std::string& path) const;
    std::unexpected<Error> cannot(const std::string& name, int error) const;

    std::filesystem::path folder_;
    std::filesystem::path unfinished_;
    UniqueFd root_;
    std::vector<Owned> owned_;
    bool gives_owners_ = false;
};

}  // namespace defib::boot

#endif
