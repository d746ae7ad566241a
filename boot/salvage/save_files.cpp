// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/salvage/save_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace defib::boot {
namespace {

// What programs of this machine can still name (PATH_MAX is 4096, with the folder's own path).
constexpr size_t LONGEST_PATH = 3000;
constexpr size_t LONGEST_LINK = 4000;

Owner owner_of(const DefibFileRecord& file) {
    return {.uid = file.uid, .gid = file.gid, .mode = file.mode};
}

class Saver {
  public:
    Saver(Session& session, FileNames& names, SaveFolder& folder,
          const std::function<void(const SavedFile&)>& on_progress)
        : session_(session),
          names_(names),
          folder_(folder),
          pages_(session),
          on_progress_(on_progress) {}

    Result<void> take(const FileSystem& system);
    // When all files are there.
    Result<SaveReport> finish();

  private:
    Result<void> take_file(SavedFile& one);
    Result<void> take_folder(SavedFile& one);
    Result<void> take_link(SavedFile& one);
    Path path_of(const SavedFile& one) const;
    std::string text_of_link(const DefibFileRecord& file);

    Session& session_;
    FileNames& names_;
    SaveFolder& folder_;
    FilePages pages_;
    const std::function<void(const SavedFile&)>& on_progress_;
    SaveReport report_;
    std::vector<SavedFile> links_;
};

Path Saver::path_of(const SavedFile& one) const {
    Path path = {folder_of(*one.system)};
    const auto& found = one.file.path;
    size_t length = 0;
    for (const std::string& step : found.value_or(Path())) length += 3 * step.size() + 1;
    if (!found || one.file.is_deleted() || length > LONGEST_PATH) {
        path.insert(path.end(), {"unnamed", std::to_string(one.file.data.number)});
    } else {
        path.insert(path.end(), found->begin(), found->end());
    }
    return path;
}

Result<void> Saver::take_file(SavedFile& one) {
    auto made = folder_.make_file(path_of(one));
    if (!made) return std::unexpected(made.error());
    one.name = made->name;
    auto saved = pages_.save(one.file.data, *one.system, {made->fd.get(), made->name});
    if (!saved) return std::unexpected(saved.error());
    one.pages = std::move(*saved);
    folder_.give(made->fd.get(), owner_of(one.file.data));
    return {};
}

Result<void> Saver::take_folder(SavedFile& one) {
    if (!one.file.path || one.file.is_deleted()) {
        one.pages.doubts = "Its name is not in memory. ";
        return {};
    }
    auto made = folder_.make_folder(path_of(one), owner_of(one.file.data));
    if (!made) return std::unexpected(made.error());
    one.name = *made;
    return {};
}

std::string Saver::text_of_link(const DefibFileRecord& file) {
    const auto seen = session_.view("link_text", {}, std::span(&file.inode, 1));
    if (seen && !seen->records.empty()) {
        const auto link = seen->records.front().as<DefibLinkRecord>(DEFIB_RECORD_LINK);
        if (link) return {link->text, strnlen(link->text, sizeof link->text)};
    }
    const std::string text = pages_.text_of(file, LONGEST_LINK);
    return text.substr(0, text.find('\0'));
}

Result<void> Saver::take_link(SavedFile& one) {
    const std::string text = text_of_link(one.file.data);
    if (text.empty()) {
        one.pages.doubts = "Where it leads to is not in memory. ";
        return {};
    }
    auto made = folder_.make_link(path_of(one), text);
    if (!made) return std::unexpected(made.error());
    one.name = *made;
    return {};
}

Result<void> Saver::take(const FileSystem& system) {
    const uint64_t which = system.is_in_memory ? DEFIB_FILES_ALL : DEFIB_FILES_UNSAVED;
    auto files = files_of(session_, names_, system, which);
    if (!files) return std::unexpected(files.error());
    report_.doubts += files->doubts;
    for (CachedFile& file : files->all) {
        SavedFile one{.file = std::move(file), .system = &system, .name = {}, .pages = {}};
        const uint32_t kind = one.file.kind();
        if (kind == S_IFLNK) {
            links_.push_back(std::move(one));
            continue;
        }
        if (kind != S_IFREG && kind != S_IFDIR) continue;  // devices, pipes, sockets: no content
        auto taken = kind == S_IFREG ? take_file(one) : take_folder(one);
        if (!taken) return taken;
        on_progress_(one);
        report_.files.push_back(std::move(one));
    }
    return {};
}

Result<SaveReport> Saver::finish() {
    for (SavedFile& link : links_) {
        if (auto taken = take_link(link); !taken) return std::unexpected(taken.error());
        report_.files.push_back(std::move(link));
    }
    std::ranges::sort(report_.files, {}, &SavedFile::name);
    report_.gives_owners = folder_.gives_owners();
    return std::move(report_);
}

}  // namespace

std::string folder_of(const FileSystem& system) {
    std::string name = system.type + "-" + system.device;
    std::ranges::replace(name, ':', '.');
    return name;
}

Result<SaveReport> save_files(Session& session, FileNames& names,
                              std::span<const FileSystem> systems, SaveFolder& folder,
                              const std::function<void(const SavedFile&)>& on_progress) {
    Saver saver(session, names, folder, on_progress);
    for (const FileSystem& system : systems) {
        // What is in memory and mounted nowhere is the kernel's own: memory that processes share.
        if (system.is_in_memory && system.mounts.empty()) continue;
        if (auto taken = saver.take(system); !taken) return std::unexpected(taken.error());
    }
    return saver.finish();
}

}  // namespace defib::boot
