// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>

#include "boot/restart/file_plan.h"
#include "boot/restart/rebuild.h"

namespace defib::boot {
namespace {

constexpr uint64_t FIRST_OTHER = 3;  // behind those that every process has

Result<void> without_value(const Result<uint64_t>& result) {
    return result ? Result<void>() : std::unexpected(result.error());
}

class Files {
  public:
    Files(const SavedProcess& process, Puppet& puppet) : process_(process), puppet_(puppet) {}

    Result<void> take(const SavedDescriptor& file);
    Result<void> set_folder();

  private:
    Result<void> open_there(const SavedDescriptor& file);
    Result<void> connect(const SavedDescriptor& file);
    Result<void> put_at(const SavedDescriptor& file, uint64_t from);
    Result<void> duplicate(const SavedDescriptor& file, int from);
    Result<void> close(int descriptor);

    const SavedProcess& process_;
    Puppet& puppet_;
    std::map<uint64_t, int> first_of_;               // of those that share it
    std::map<uint64_t, std::pair<int, int>> pipes_;  // of an inode: ends that wait to be taken
};

Result<void> Files::close(int descriptor) {
    return without_value(puppet_.call("close", SYS_close, {static_cast<uint64_t>(descriptor)}));
}

Result<void> Files::duplicate(const SavedDescriptor& file, int from) {
    const uint64_t flags = file.closes_on_exec ? O_CLOEXEC : 0;
    const auto to = static_cast<uint64_t>(file.descriptor);
    return without_value(puppet_.call("dup3", SYS_dup3, {static_cast<uint64_t>(from), to, flags}));
}

// What has been opened got the lowest number that is free.
Result<void> Files::put_at(const SavedDescriptor& file, uint64_t from) {
    if (from == static_cast<uint64_t>(file.descriptor)) return {};
    if (auto done = duplicate(file, static_cast<int>(from)); !done) return done;
    return close(static_cast<int>(from));
}

Result<void> Files::open_there(const SavedDescriptor& file) {
    const auto path = puppet_.put_text(file.path);
    if (!path) return std::unexpected(path.error());
    const int flags = reopen_flags(file) | (file.closes_on_exec ? O_CLOEXEC : 0);
    const auto open =
        puppet_.call(file.path.c_str(), SYS_open, {*path, static_cast<uint64_t>(flags), 0});
    if (!open) return std::unexpected(open.error());
    if (auto put = put_at(file, *open); !put) return put;
    if (file.kind == "device") return {};
    return without_value(puppet_.call(
        file.path.c_str(), SYS_lseek,
        {static_cast<uint64_t>(file.descriptor), static_cast<uint64_t>(file.offset), SEEK_SET}));
}

// A pipe of its own: its two ends find one another again, and nothing is in it.
Result<void> Files::connect(const SavedDescriptor& file) {
    auto found = pipes_.find(file.inode);
    if (found == pipes_.end()) {
        std::array<int, 2> none{-1, -1};
        const auto at = puppet_.put_value(none);
        if (!at) return std::unexpected(at.error());
        const auto made = puppet_.call("a pipe", SYS_pipe2, {*at, 0});
        if (!made) return std::unexpected(made.error());
        auto ends = std::as_writable_bytes(std::span(none));
        if (auto read = puppet_.read(*at, ends); !read) return read;
        // Far away from the numbers that are still to be given.
        for (int& end : none) {
            const auto moved = puppet_.call(
                "a pipe", SYS_fcntl,
                {static_cast<uint64_t>(end), F_DUPFD, static_cast<uint64_t>(first_free(process_))});
            if (!moved) return std::unexpected(moved.error());
            if (auto done = close(end); !done) return done;
            end = static_cast<int>(*moved);
        }
        found = pipes_.emplace(file.inode, std::pair(none[0], none[1])).first;
    }
    const bool reads = (file.flags & O_ACCMODE) == O_RDONLY;
    if (auto put = duplicate(file, reads ? found->second.first : found->second.second); !put)
        return put;
    const int flags = file.flags & (O_NONBLOCK | O_DIRECT);
    return without_value(puppet_.call(
        "a pipe", SYS_fcntl,
        {static_cast<uint64_t>(file.descriptor), F_SETFL, static_cast<uint64_t>(flags)}));
}

Result<void> Files::take(const SavedDescriptor& file) {
    const FileBecomes what = becomes(process_, file);
    const auto [first, is_first] = first_of_.try_emplace(file.shares, file.descriptor);
    if (what == FileBecomes::nothing) return {};
    if (!is_first) return duplicate(file, first->second);
    switch (what) {
        case FileBecomes::file:
            return open_there(file);
        case FileBecomes::pipe:
            return connect(file);
        case FileBecomes::socket: {
            const auto made = puppet_.call("a socket", SYS_socket, {AF_UNIX, SOCK_STREAM, 0});
            return made ? put_at(file, *made) : std::unexpected(made.error());
        }
        case FileBecomes::standard:
        case FileBecomes::nothing:
            return {};
    }
    return {};
}

Result<void> Files::set_folder() {
    for (const auto& [number, ends] : pipes_)
        for (const int end : {ends.first, ends.second})
            if (auto done = close(end); !done) return done;
    if (is_folder(process_.folder)) {
        const auto path = puppet_.put_text(process_.folder);
        if (!path) return std::unexpected(path.error());
        const auto there = puppet_.call(process_.folder.c_str(), SYS_chdir, {*path});
        if (!there) return std::unexpected(there.error());
    }
    return without_value(puppet_.call("umask", SYS_umask, {process_.umask}));
}

// Of the first three it keeps those that it had.
Result<void> close_others(const SavedProcess& process, Puppet& puppet) {
    std::array<bool, FIRST_OTHER> stays{};
    for (const SavedDescriptor& file : process.files)
        if (file.descriptor < static_cast<int>(FIRST_OTHER))
            stays[static_cast<size_t>(file.descriptor)] =
                becomes(process, file) != FileBecomes::nothing;
    for (uint64_t i = 0; i < FIRST_OTHER; i++) {
        if (stays[i]) continue;
        // Who restarts it may not have it either.
        [[maybe_unused]] const auto closed = puppet.call("close", SYS_close, {i});
    }
    return without_value(puppet.call("close_range", SYS_close_range, {FIRST_OTHER, ~0U, 0}));
}

}  // namespace

Result<void> rebuild_files(const SavedProcess& process, Puppet& puppet) {
    if (auto done = close_others(process, puppet); !done) return done;
    Files files(process, puppet);
    for (const SavedDescriptor& file : process.files)
        if (auto taken = files.take(file); !taken) return taken;
    return files.set_folder();
}

}  // namespace defib::boot
