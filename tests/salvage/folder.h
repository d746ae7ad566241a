// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A folder of a test's own, on a disk: what is salvaged may be larger than memory. Gone with it.
#ifndef DEFIB_TESTS_SALVAGE_FOLDER_H
#define DEFIB_TESTS_SALVAGE_FOLDER_H

#include <unistd.h>

#include <filesystem>
#include <string>

namespace defib::salvage {

class Folder {
  public:
    explicit Folder(const std::string& name)
        : path_("/var/tmp/defib-" + name + "-" + std::to_string(getpid())) {
        std::filesystem::create_directories(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    bool is_empty() const { return std::filesystem::is_empty(path_); }

  private:
    std::filesystem::path path_;
};

}  // namespace defib::salvage

#endif
