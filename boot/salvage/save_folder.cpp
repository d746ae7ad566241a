// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/save_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <ranges>

#include "boot/salvage/saved_name.h"
#include "engine/abi/error_code.h"

namespace defib::boot {
namespace {

constexpr int IS_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t OURS_ALONE = 0700;
constexpr uint32_t PERMISSIONS = 0777;  // not set-uid and the like: it would be of this machine now
constexpr int MOST_NAMESAKES = 10000;

// "name", "name~2", "name~3", until `make` gives 0 for one that it has made; else why it cannot be
// (errno). Short enough a name for what is put behind it.
template <class Make>
int under_a_free_name(std::string& name, Make make) {
    const std::string wanted = name;
    int error = EEXIST;
    for (int i = 1; i < MOST_NAMESAKES; i++) {
        if (i > 1) name = wanted.substr(0, 240) + "~" + std::to_string(i);
        error = make(name);
        if (error != EEXIST && error != ENOTDIR && error != ELOOP) break;
    }
    return error;
}

int outcome(bool is_done) {
    return is_done ? 0 : errno;
}

}  // namespace

std::unexpected<Error> SaveFolder::cannot(const std::string& name, int error) const {
    return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, (unfinished_ / name).string(), std::strerror(error),
                advice());
}

Result<SaveFolder> SaveFolder::make(std::filesystem::path folder) {
    SaveFolder made;
    if (!folder.has_filename()) folder = folder.parent_path();  // "saved/"
    if (!folder.has_filename())
        return fail(DEFIB_ERROR_BASE_USAGE, "'" + folder.string() + "'", "not a folder to make");
    made.unfinished_ = folder.string() + ".unfinished";
    made.folder_ = std::move(folder);
    struct stat status = {};
    if (::lstat(made.folder_.c_str(), &status) == 0) {
        return fail(DEFIB_ERROR_BASE_USAGE, made.folder_.string(), "there is something already",
                    "name a folder that is not there");
    }
    if (::mkdir(made.unfinished_.c_str(), OURS_ALONE) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, made.unfinished_.string(), std::strerror(errno),
                    errno == EEXIST ? "an earlier one did not get to its end: move it away" : "");
    }
    made.root_.reset(::open(made.unfinished_.c_str(), IS_FOLDER));
    if (!made.root_.is_open()) return made.cannot({}, errno);
    made.gives_owners_ = ::geteuid() == 0;
    return made;
}

Result<SaveFolder::Place> SaveFolder::enter(std::span<const std::string> path) {
    Place place{UniqueFd(::openat(root_.get(), ".", IS_FOLDER)), {}};
    if (!place.folder.is_open()) return cannot({}, errno);
    for (const std::string& step : path) {
        std::string name = saved_name(step);
        UniqueFd next;
        const int error = under_a_free_name(name, [&](const std::string& one) {
            const int made = outcome(::mkdirat(place.folder.get(), one.c_str(), OURS_ALONE) == 0);
            if (made != 0 && made != EEXIST) return made;
            next.reset(::openat(place.folder.get(), one.c_str(), IS_FOLDER));
            return outcome(next.is_open());
        });
        if (error != 0) return cannot(place.path + name, error);
        place.folder = std::move(next);
        place.path += name + "/";
    }
    return place;
}

Result<SaveFolder::Made> SaveFolder::make_file(std::span<const std::string> path) {
    auto place = enter(path.first(path.size() - 1));
    if (!place) return std::unexpected(place.error());
    Made made;
    made.name = saved_name(path.back());
    const int error = under_a_free_name(made.name, [&](const std::string& one) {
        constexpr int NEW = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        made.fd.reset(::openat(place->folder.get(), one.c_str(), NEW, 0600));
        return outcome(made.fd.is_open());
    });
    made.name.insert(0, place->path);
    if (error != 0) return cannot(made.name, error);
    return made;
}

Result<std::string> SaveFolder::make_folder(std::span<const std::string> path, const Owner& owner) {
    auto place = enter(path);
    if (!place) return std::unexpected(place.error());
    owned_.push_back({place->path, owner});
    return place->path;
}

Result<std::string> SaveFolder::make_link(std::span<const std::string> path,
                                          const std::string& text) {
    auto place = enter(path.first(path.size() - 1));
    if (!place) return std::unexpected(place.error());
    std::string name = saved_name(path.back());
    const int error = under_a_free_name(name, [&](const std::string& one) {
        return outcome(::symlinkat(text.c_str(), place->folder.get(), one.c_str()) == 0);
    });
    if (error != 0) return cannot(place->path + name, error);
    return place->path + name;
}

void SaveFolder::give(int fd, const Owner& owner) const {
    // What this machine does not take is in files.json all the same.
    if (gives_owners_ && ::fchown(fd, owner.uid, owner.gid) != 0) return;
    static_cast<void>(::fchmod(fd, owner.mode & PERMISSIONS));
}

Result<UniqueFd> SaveFolder::open_folder(const std::string& path) const {
    UniqueFd at(::openat(root_.get(), ".", IS_FOLDER));
    for (const auto part : std::views::split(path, '/')) {
        const std::string name(part.begin(), part.end());
        if (!name.empty()) at.reset(::openat(at.get(), name.c_str(), IS_FOLDER));
        if (!at.is_open()) return cannot(path, errno);
    }
    return at;
}

Result<void> SaveFolder::finish() {
    // From within outwards: a folder that was given away can be entered no more by who is not root.
    std::ranges::sort(owned_, std::greater{}, [](const Owned& one) { return one.path.size(); });
    for (const Owned& one : owned_) {
        auto folder = open_folder(one.path);
        if (!folder) return std::unexpected(folder.error());
        give(folder->get(), one.owner);
    }
    if (::syncfs(root_.get()) != 0) return cannot({}, errno);
    if (::renameat2(AT_FDCWD, unfinished_.c_str(), AT_FDCWD, folder_.c_str(), RENAME_NOREPLACE) !=
        0)
        return cannot({}, errno);
    return {};
}

}  // namespace defib::boot
