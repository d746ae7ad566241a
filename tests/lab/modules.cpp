// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/modules.h"

#include <lzma.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "engine/base/file.h"

namespace defib::lab {
namespace {

namespace fs = std::filesystem;

// "kernel/net/nf-table.ko" is the module nf_table: kbuild's name-fix replaces the dashes.
std::string module_name(std::string_view path) {
    std::string name(path.substr(path.find_last_of('/') + 1));
    name.resize(std::min(name.size(), name.find(".ko")));
    std::ranges::replace(name, '-', '_');
    return name;
}

Result<std::map<std::string, std::string>> read_list(const fs::path& list) {
    auto file = MappedFile::open(list);
    if (!file) return std::unexpected(file.error());
    std::map<std::string, std::string> paths;
    for (const auto line : std::views::split(as_text(file->bytes()), '\n')) {
        const std::string_view path(line.begin(), line.end());
        if (!path.empty()) paths[module_name(path)] = path;
    }
    return paths;
}

Result<std::string> decompress_xz(const fs::path& path, Bytes packed) {
    lzma_stream stream = LZMA_STREAM_INIT;
    constexpr uint64_t MEMORY_LIMIT = uint64_t{256} << 20;
    if (lzma_stream_decoder(&stream, MEMORY_LIMIT, 0) != LZMA_OK) {
        return fail(DEFIB_ERROR_BASE_OUT_OF_MEMORY, path.string());
    }
    std::string content;
    stream.next_in = reinterpret_cast<const uint8_t*>(packed.data());
    stream.avail_in = packed.size();
    lzma_ret status = LZMA_OK;
    while (status == LZMA_OK) {
        content.resize(content.size() + (1 << 18));
        stream.next_out = reinterpret_cast<uint8_t*>(content.data()) + stream.total_out;
        stream.avail_out = content.size() - stream.total_out;
        status = lzma_code(&stream, LZMA_FINISH);
    }
    content.resize(stream.total_out);
    lzma_end(&stream);
    if (status != LZMA_STREAM_END) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, path.string(), "not a whole xz file",
                    "fetch the kernel again");
    }
    return content;
}

Result<std::string> read_module(const fs::path& folder, const std::string& path) {
    if (auto plain = MappedFile::open(folder / path)) return std::string(as_text(plain->bytes()));
    const fs::path packed = folder / (path + ".xz");
    auto file = MappedFile::open(packed);
    if (!file) return std::unexpected(file.error());
    return decompress_xz(packed, file->bytes());
}

class Collector {
  public:
    Collector(const fs::path& folder, std::map<std::string, std::string> paths,
              std::map<std::string, std::string> built_in)
        : folder_(folder), paths_(std::move(paths)), built_in_(std::move(built_in)) {}

    Result<void> add(const std::string& name) {
        if (built_in_.contains(name) || !seen_.insert(name).second) return {};
        const auto path = paths_.find(name);
        if (path == paths_.end()) {
            return fail(DEFIB_ERROR_LAB_NO_MODULE, name, "not in " + folder_.string());
        }
        auto content = read_module(folder_, path->second);
        if (!content) return std::unexpected(content.error());
        for (const std::string& needed : dependencies_of(*content)) {
            if (auto added = add(module_name(needed)); !added) return added;
        }
        modules_.push_back({name, std::move(*content)});
        return {};
    }

    std::vector<Module> take() { return std::move(modules_); }

  private:
    fs::path folder_;
    std::map<std::string, std::string> paths_;
    std::map<std::string, std::string> built_in_;
    std::set<std::string> seen_;
    std::vector<Module> modules_;
};

}  // namespace

std::vector<std::string> dependencies_of(std::string_view module) {
    // Strings in .modinfo end with a zero, so that no other text can look like this one.
    constexpr std::string_view KEY("\0depends=", 9);
    const size_t at = module.find(KEY);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = module.substr(at + KEY.size());
    std::vector<std::string> names;
    for (const auto word : std::views::split(rest.substr(0, rest.find('\0')), ',')) {
        if (!word.empty()) names.emplace_back(word.begin(), word.end());
    }
    return names;
}

Result<std::vector<Module>> collect_modules(const fs::path& folder,
                                            const std::vector<std::string>& names) {
    auto paths = read_list(folder / "modules.order");
    if (!paths) return std::unexpected(paths.error());
    auto built_in = read_list(folder / "modules.builtin");
    if (!built_in) return std::unexpected(built_in.error());
    Collector collector(folder, std::move(*paths), std::move(*built_in));
    for (const std::string& name : names) {
        if (auto added = collector.add(name); !added) return std::unexpected(added.error());
    }
    return collector.take();
}

}  // namespace defib::lab
