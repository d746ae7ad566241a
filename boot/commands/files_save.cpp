// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/files_save.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "boot/commands/look.h"

namespace defib::boot {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const ByteRanges& parts) {
    Json json = Json::array();
    for (const ByteRange& part : parts.all()) json.push_back({part.first, part.end});
    return json;
}

const char* kind_of(const SavedFile& one) {
    switch (one.file.kind()) {
        case S_IFDIR:
            return "folder";
        case S_IFLNK:
            return "link";
        default:
            return "file";
    }
}

// The path in its file system, as it was found; of a file without a name nothing.
std::string path_of(const SavedFile& one) {
    return one.file.path ? shown(*one.file.path) : std::string();
}

// JSON is text and a name any bytes: where they differ, here they are.
std::string as_hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

Json json_of(const SavedFile& one) {
    const DefibFileRecord& data = one.file.data;
    const SavedPages& pages = one.pages;
    return {{"kind", kind_of(one)},
            {"name_bytes", printable(one.name) == one.name ? Json() : Json(as_hex(one.name))},
            {"name", printable(one.name)},
            {"path", path_of(one)},
            {"mounted_at", one.system->place()},
            {"deleted", one.file.is_deleted()},
            {"inode", data.number},
            {"uid", data.uid},
            {"gid", data.gid},
            {"mode", fmt::format("{:04o}", data.mode & 07777U)},
            {"bytes", pages.size},
            {"bytes_in_memory", pages.in_memory},
            {"bytes_unsaved", pages.unsaved},
            {"whole", pages.is_whole() && !one.name.empty()},
            {"not_in_memory", json_of(pages.missing)},
            {"in_swap", json_of(pages.swapped)},
            {"left_out_of_dump", json_of(pages.left_out)},
            {"only_partly_read", json_of(pages.partial)},
            {"torn", json_of(pages.torn)},
            {"doubts", pages.doubts}};
}

Json json_of(const Session& session, const SaveReport& report) {
    Json json = boot::json_of(session);
    json["owners_given"] = report.gives_owners;
    json["doubts"] = report.doubts;
    json["files"] = Json::array();
    for (const SavedFile& one : report.files) json["files"].push_back(json_of(one));
    return json;
}

std::string in_words(const ByteRanges& parts, const char* what) {
    if (parts.empty()) return {};
    std::string text = fmt::format("    {} bytes {}:", parts.bytes(), what);
    constexpr size_t MOST_SHOWN = 8;
    const auto& all = parts.all();
    for (const ByteRange& part : std::span(all).first(std::min(all.size(), MOST_SHOWN)))
        text += fmt::format(" {}-{}", part.first, part.end - 1);
    if (all.size() > MOST_SHOWN)
        text += fmt::format(" and {} more: files.json", all.size() - MOST_SHOWN);
    return text + "\n";
}

std::string in_words(const SavedFile& one) {
    const SavedPages& pages = one.pages;
    std::string text = one.name.empty() ? path_of(one) + " was not saved" : printable(one.name);
    if (one.file.kind() == S_IFREG)
        text += fmt::format("  {} bytes, {} in memory, {} unsaved", pages.size, pages.in_memory,
                            pages.unsaved);
    text += fmt::format("  {}:{} {:04o}\n", one.file.data.uid, one.file.data.gid,
                        one.file.data.mode & 07777U);
    text += in_words(pages.missing, "not in memory, holes here; the disk may have them");
    text += in_words(pages.swapped, "in the swap, holes here");
    text += in_words(pages.left_out, "not in this dump, holes here");
    text += in_words(pages.partial, "of pages that were never read whole");
    text += in_words(pages.torn, "that changed while they were read");
    if (!pages.doubts.empty()) text += "    " + pages.doubts + "\n";
    return text;
}

std::string summary_of(const Session& session, const SaveReport& report) {
    std::string text = fmt::format(
        "kernel    {}\nowners    {}\n\n", printable(session.kernel().info.release()),
        report.gives_owners ? "as they were, by number" : "only told here: this was not root");
    std::set<const FileSystem*> told;
    for (const SavedFile& one : report.files) {
        if (!told.insert(one.system).second) continue;
        text += fmt::format("{} was mounted at {}\n", printable(folder_of(*one.system)),
                            one.system->mounts.empty() ? "no place" : one.system->place());
    }
    text += "\n";
    if (!report.doubts.empty()) text += report.doubts + "\n\n";
    for (const SavedFile& one : report.files) text += in_words(one);
    return text;
}

Result<void> put(SaveFolder& folder, const char* name, std::string_view text) {
    auto made = folder.make_file(Path{name});
    if (!made) return std::unexpected(made.error());
    while (!text.empty()) {
        const ssize_t written = ::write(made->fd.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail(DEFIB_ERROR_BASE_CANNOT_WRITE, name, std::strerror(errno));
        text.remove_prefix(static_cast<size_t>(written));
    }
    return {};
}

void tell(const std::string& folder, const SaveReport& report) {
    uint64_t files = 0;
    uint64_t bytes = 0;
    uint64_t unsaved = 0;
    uint64_t parts = 0;
    for (const SavedFile& one : report.files) {
        if (!one.name.empty() && one.file.kind() == S_IFREG) files++;
        bytes += one.pages.in_memory;
        unsaved += one.pages.unsaved;
        parts += one.pages.is_whole() ? 0 : 1;
    }
    fmt::print("{}: {} files, {} bytes of them in memory, {} unsaved\n", folder, files, bytes,
               unsaved);
    if (parts != 0) fmt::print("{} of them are not whole; what is missing is named\n", parts);
    fmt::print("{}/summary.txt: what is what\n", folder);
}

}  // namespace

Result<int> save_into(const std::string& folder, Session& session, FileNames& names,
                      const FileSystems& systems, Told told) {
    auto made = SaveFolder::make(folder);
    if (!made) return std::unexpected(made.error());
    const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
    uint64_t count = 0;
    auto report = save_files(session, names, systems.all, *made, [&](const SavedFile& /*one*/) {
        if (shows_progress) fmt::print(stderr, "\r{} files", ++count);
    });
    if (shows_progress) fmt::print(stderr, "\r                \r");
    if (!report) {
        Error error = report.error();
        if (error.advice.empty()) error.advice = made->advice();
        return std::unexpected(error);
    }
    report->doubts = systems.doubts + report->doubts;
    if (!session.target().is_still_there()) {
        return fail(DEFIB_ERROR_BOOT_TARGET_LOST, session.target().name(),
                    "it went while its files were saved");
    }
    const Json json = json_of(session, *report);
    if (auto done = put(*made, "files.json", json.dump(1) + "\n"); !done)
        return std::unexpected(done.error());
    if (auto done = put(*made, "summary.txt", summary_of(session, *report)); !done)
        return std::unexpected(done.error());
    if (auto done = made->finish(); !done) return std::unexpected(done.error());
    if (told == Told::as_json) {
        print_json(json);
        return DEFIB_EXIT_DONE;
    }
    tell(folder, *report);
    if (!report->doubts.empty()) fmt::print(stderr, "defib: {}\n", report->doubts);
    return DEFIB_EXIT_DONE;
}

}  // namespace defib::boot
