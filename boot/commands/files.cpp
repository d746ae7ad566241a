// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/files.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "boot/commands/files_save.h"
#include "boot/commands/look.h"
#include "boot/salvage/cached_files.h"

namespace defib::boot {
namespace {

constexpr uint64_t PAGE_KIB = 4;

struct Arguments {
    LookArguments look;
    std::string mount;
    std::string output;
    bool is_dirty = false;
    const CLI::App* save = nullptr;
};

struct Listed {
    const FileSystem* system = nullptr;
    CachedFile file;
    std::string path;
    bool is_unsaved = false;
};

bool is_mounted_at(const FileSystem& system, const std::string& place) {
    return std::ranges::find(system.mounts, place, &MountPlace::path) != system.mounts.end();
}

Result<void> keep_those_at(const std::string& mount, FileSystems& systems) {
    if (mount.empty()) return {};
    std::erase_if(systems.all, [&](const FileSystem& one) { return !is_mounted_at(one, mount); });
    if (!systems.all.empty()) return {};
    return fail(DEFIB_ERROR_BASE_USAGE, printable(mount), "nothing is mounted there",
                "defib files without --mount says what is");
}

std::string path_of(const FileSystem& system, const CachedFile& file) {
    const std::string place = system.place().empty() ? "(not mounted)" : system.place();
    if (!file.path)
        return fmt::format("{} (a file without a name, inode {})", place, file.data.number);
    const std::string below = shown(*file.path);
    return (place == "/" ? below : place + below) + (file.is_deleted() ? " (deleted)" : "");
}

Result<std::vector<Listed>> list(Session& session, FileNames& names, FileSystems& systems,
                                 bool is_dirty) {
    std::vector<Listed> listed;
    for (const FileSystem& system : systems.all) {
        // What is in memory alone has no other place: all of it is unsaved.
        const bool only_unsaved = is_dirty && !system.is_in_memory;
        if (system.is_in_memory && system.mounts.empty()) continue;
        auto files = files_of(session, names, system,
                              only_unsaved ? DEFIB_FILES_UNSAVED : DEFIB_FILES_CACHED);
        if (!files) return std::unexpected(files.error());
        systems.doubts += files->doubts;
        for (CachedFile& file : files->all) {
            Listed one{.system = &system, .file = std::move(file), .path = {}};
            one.path = path_of(system, one.file);
            one.is_unsaved = system.is_in_memory || one.file.data.is_unsaved != 0;
            listed.push_back(std::move(one));
        }
    }
    std::ranges::sort(listed, {}, &Listed::path);
    return listed;
}

void print_table(const FileSystems& systems, const std::vector<Listed>& files) {
    fmt::print("{:<12} {:<12} {:<24} {}\n", "TYPE", "DEVICE", "OF", "MOUNTED AT");
    for (const FileSystem& system : systems.all) {
        for (const MountPlace& place : system.mounts) {
            fmt::print("{:<12} {:<12} {:<24} {}{}\n", system.type, system.device, place.device,
                       place.path.empty() ? "(not known)" : place.path,
                       place.is_initial ? "" : " (in another name space)");
        }
    }
    fmt::print("\n{:>12} {:>10} {:<8} {}\n", "BYTES", "IN MEMORY", "UNSAVED", "FILE");
    for (const Listed& one : files) {
        fmt::print("{:>12} {:>7} KB {:<8} {}\n", one.file.data.size, one.file.data.pages * PAGE_KIB,
                   one.is_unsaved ? "yes" : "", one.path);
    }
}

nlohmann::ordered_json json_of(const Session& session, const FileSystems& systems,
                               const std::vector<Listed>& files) {
    auto json = boot::json_of(session);
    json["doubts"] = systems.doubts;
    json["mounts"] = nlohmann::ordered_json::array();
    for (const FileSystem& system : systems.all) {
        for (const MountPlace& place : system.mounts) {
            json["mounts"].push_back({{"type", system.type},
                                      {"device", system.device},
                                      {"of", place.device},
                                      {"id", place.id},
                                      {"path", place.path},
                                      {"initial", place.is_initial},
                                      {"whole", place.is_whole},
                                      {"only_in_memory", system.is_in_memory}});
        }
    }
    json["files"] = nlohmann::ordered_json::array();
    for (const Listed& one : files) {
        const DefibFileRecord& data = one.file.data;
        json["files"].push_back({{"path", one.path},
                                 {"inode", data.number},
                                 {"bytes", data.size},
                                 {"in_memory_kib", data.pages * PAGE_KIB},
                                 {"unsaved", one.is_unsaved},
                                 {"uid", data.uid},
                                 {"gid", data.gid},
                                 {"mode", fmt::format("{:04o}", data.mode & 07777U)},
                                 {"links", data.links}});
    }
    return json;
}

Result<int> files(const Arguments& arguments) {
    auto session = open_session(arguments.look);
    if (!session) return std::unexpected(session.error());
    FileNames names(**session);
    auto systems = file_systems_of(**session, names);
    if (!systems) return std::unexpected(systems.error());
    if (auto kept = keep_those_at(arguments.mount, *systems); !kept)
        return std::unexpected(kept.error());
    if (arguments.save->parsed())
        return save_into(arguments.output, **session, names, *systems,
                         arguments.look.is_json ? Told::as_json : Told::as_text);
    const auto listed = list(**session, names, *systems, arguments.is_dirty);
    if (!listed) return std::unexpected(listed.error());
    if (arguments.look.is_json) {
        print_json(json_of(**session, *systems, *listed));
        return DEFIB_EXIT_DONE;
    }
    print_table(*systems, *listed);
    if (!systems->doubts.empty())
        fmt::print(stderr, "defib: {}: {}\n", arguments.look.target, systems->doubts);
    return DEFIB_EXIT_DONE;
}

}  // namespace

Action declare_files(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    declare_look(options, arguments->look);
    options.add_flag("--dirty", arguments->is_dirty,
                     "only files with data that their disk has not");
    options.add_option("--mount", arguments->mount, "only the file system that is mounted there")
        ->type_name("M");
    CLI::App* save = options.add_subcommand("save", "write what the disks have not into a folder");
    save->fallthrough();
    save->footer("And the options of defib files: --target T and what goes with it, --mount M.");
    save->add_option("-o,--output", arguments->output, "the folder to make")
        ->required()
        ->type_name("FOLDER");
    arguments->save = save;
    return [arguments] { return files(*arguments); };
}

}  // namespace defib::boot
