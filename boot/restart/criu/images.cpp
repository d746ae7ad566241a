// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/restart/criu/images.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "engine/abi/error_code.h"
#include "engine/base/unique_fd.h"

namespace defib::boot::criu {
namespace {

// Each image begins with that of them all and its own; the inventory, which is read first, with its
// own alone (criu/include/magic.h).
constexpr uint32_t OF_ALL = 0x54564319;
constexpr uint32_t INVENTORY = 0x58313116;
constexpr uint32_t TREE = 0x50273030;
constexpr uint32_t NUMBERS = 0x54432030;
constexpr uint32_t CORE = 0x55053847;
constexpr uint32_t MEMORY = 0x57492820;
constexpr uint32_t PAGE_MAP = 0x56084025;
constexpr uint32_t DESCRIPTORS = 0x56213732;
constexpr uint32_t FOLDERS = 0x51403912;
constexpr uint32_t FILES = 0x56303138;

constexpr uint64_t PAGES = 1;
// What processes may have in common has numbers; those of the process are not those of criu.
constexpr uint64_t OF_CRIU = 1;
constexpr uint64_t OF_PROCESS = 2;
constexpr uint64_t PAGE_IS_HERE = 4;

// Grows as FOLDER.unfinished, for nobody else to read, and goes away unless it is finished.
class Folder {
  public:
    explicit Folder(const std::filesystem::path& folder)
        : folder_(folder), unfinished_(folder.string() + ".unfinished") {}
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        if (is_ours_) std::filesystem::remove_all(unfinished_, ignored);
    }

    Result<void> make();
    Result<UniqueFd> file(const std::string& name);
    Result<void> image(const std::string& name, uint32_t magic, std::span<const Message> entries);
    Result<void> put(int fd, uint64_t at, Bytes bytes, const std::string& name) const;
    Result<void> finish();

  private:
    std::unexpected<Error> cannot(const std::string& name, int error) const {
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, (unfinished_ / name).string(),
                    std::strerror(error));
    }

    std::filesystem::path folder_;
    std::filesystem::path unfinished_;
    bool is_ours_ = false;
};

Result<void> Folder::make() {
    struct stat status{};
    if (::lstat(folder_.c_str(), &status) == 0)
        return fail(DEFIB_ERROR_BASE_USAGE, folder_.string(), "there is something already",
                    "name a folder that is not there");
    if (::mkdir(unfinished_.c_str(), 0700) != 0)
        return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, unfinished_.string(), std::strerror(errno),
                    errno == EEXIST ? "an earlier one did not get to its end: move it away" : "");
    is_ours_ = true;
    return {};
}

Result<UniqueFd> Folder::file(const std::string& name) {
    UniqueFd fd(
        ::open((unfinished_ / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open()) return cannot(name, errno);
    return fd;
}

Result<void> Folder::put(int fd, uint64_t at, Bytes bytes, const std::string& name) const {
    if (const int error = write_all_at(fd, at, bytes); error != 0) return cannot(name, error);
    return {};
}

Result<void> Folder::image(const std::string& name, uint32_t magic,
                           std::span<const Message> entries) {
    std::string text;
    const auto put_word = [&](uint32_t word) {
        text.append(reinterpret_cast<const char*>(&word), sizeof word);
    };
    if (magic != INVENTORY) put_word(OF_ALL);
    put_word(magic);
    for (const Message& one : entries) {
        put_word(static_cast<uint32_t>(one.bytes().size()));
        text += one.bytes();
    }
    const auto fd = file(name);
    if (!fd) return std::unexpected(fd.error());
    return put(fd->get(), 0, as_bytes(text), name);
}

Result<void> Folder::finish() {
    const UniqueFd all(::open(unfinished_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!all.is_open() || ::syncfs(all.get()) != 0) return cannot({}, errno);
    if (::renameat2(AT_FDCWD, unfinished_.c_str(), AT_FDCWD, folder_.c_str(), RENAME_NOREPLACE) !=
        0)
        return cannot({}, errno);
    is_ours_ = false;
    return {};
}

// Memory, descriptors, folders, handlers; and name spaces, all of which are criu's own.
Message numbers_of(uint64_t whose) {
    constexpr unsigned FIRST_NAME_SPACE = 5;
    constexpr unsigned LAST_NAME_SPACE = 12;
    Message numbers;
    for (unsigned field = 1; field < FIRST_NAME_SPACE; field++) numbers.number(field, whose);
    for (unsigned field = FIRST_NAME_SPACE; field <= LAST_NAME_SPACE; field++)
        numbers.number(field, field);
    return numbers;
}

Message inventory() {
    constexpr uint64_t VERSION = 2;
    constexpr uint64_t BY_NUMBER = 1;  // descriptors and name spaces are called so
    constexpr uint64_t NO_SECURITY_MODULE = 0;
    Message all;
    all.number(1, VERSION).number(2, BY_NUMBER).message(3, numbers_of(OF_CRIU));
    return all.number(4, BY_NUMBER).number(6, NO_SECURITY_MODULE);
}

Message tree_of(const SavedProcess& process) {
    const auto pid = static_cast<uint64_t>(process.pid);
    Message tree;
    tree.number(1, pid).number(2, 0).number(3, pid).number(4, pid);
    for (const SavedThread& one : process.threads) tree.number(5, static_cast<uint64_t>(one.tid));
    return tree;
}

Result<void> write_pages(Folder& folder, const SavedProcess& process) {
    const std::string name = fmt::format("pages-{}.img", PAGES);
    const auto fd = folder.file(name);
    if (!fd) return std::unexpected(fd.error());
    std::vector<Message> map = {Message().number(1, PAGES)};
    uint64_t at = 0;
    Result<void> done;
    for_each_run(process, [&](uint64_t address, Bytes pages) {
        if (!done) return;
        done = folder.put(fd->get(), at, pages, name);
        at += pages.size();
        map.push_back(Message()
                          .number(1, address)
                          .number(2, pages.size() / PAGE_BYTES)
                          .number(4, PAGE_IS_HERE));
    });
    if (!done) return done;
    return folder.image(fmt::format("pagemap-{}.img", process.pid), PAGE_MAP, map);
}

Result<void> write_files(Folder& folder, const SavedProcess& process, Changed changed) {
    FileTable files(changed);
    const Message memory = memory_of(process, files);
    const auto descriptors = descriptors_of(process, files);
    const uint64_t where = files.add({.path = process.folder, .flags = O_RDONLY | O_DIRECTORY});
    const uint64_t root = files.add({.path = process.root, .flags = O_RDONLY | O_DIRECTORY});
    const Message folders = Message().number(1, where).number(2, root).number(3, process.umask);
    const std::string of_process = fmt::format("-{}.img", process.pid);
    if (auto done = folder.image("mm" + of_process, MEMORY, {&memory, 1}); !done) return done;
    if (auto done = folder.image("fs" + of_process, FOLDERS, {&folders, 1}); !done) return done;
    if (auto done =
            folder.image(fmt::format("fdinfo-{}.img", OF_PROCESS), DESCRIPTORS, descriptors);
        !done)
        return done;
    return folder.image("files.img", FILES, files.entries());
}

Result<void> write_process(Folder& folder, const SavedProcess& process) {
    const Message all = inventory();
    if (auto done = folder.image("inventory.img", INVENTORY, {&all, 1}); !done) return done;
    const Message tree = tree_of(process);
    if (auto done = folder.image("pstree.img", TREE, {&tree, 1}); !done) return done;
    const Message numbers = numbers_of(OF_PROCESS);
    return folder.image(fmt::format("ids-{}.img", process.pid), NUMBERS, {&numbers, 1});
}

}  // namespace

Result<void> write_images(const SavedProcess& process, const std::filesystem::path& name,
                          Changed changed) {
    Folder folder(name);
    if (auto made = folder.make(); !made) return made;
    if (auto done = write_process(folder, process); !done) return done;
    if (auto done = write_files(folder, process, changed); !done) return done;
    if (auto done = write_pages(folder, process); !done) return done;
    for (const SavedThread& one : process.threads) {
        const Message core = core_of(process, one);
        auto done = folder.image(fmt::format("core-{}.img", one.tid), CORE, {&core, 1});
        if (!done) return done;
    }
    return folder.finish();
}

}  // namespace defib::boot::criu
