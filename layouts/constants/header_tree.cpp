// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/constants/header_tree.h"

#include <algorithm>
#include <optional>

#include "engine/base/file.h"

namespace defib::layouts {
namespace {

namespace fs = std::filesystem;

struct Processor {
    const char* directory;     // below the kernel's arch/
    const char* architecture;  // uname -m
    std::vector<std::string> arguments;
};

// -mcmodel=kernel and the like do not change a constant, but headers test what they define.
const std::vector<Processor>& processors() {
    static const std::vector<Processor> ALL = {
        {"x86", "x86_64", {"--target=x86_64-linux-gnu", "-mcmodel=kernel", "-mno-sse"}},
        {"arm64", "aarch64", {"--target=aarch64-linux-gnu", "-mgeneral-regs-only"}},
    };
    return ALL;
}

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool is_build(const fs::path& folder) {
    return is_there(folder / "include/generated/autoconf.h");
}

bool is_common(const fs::path& folder) {
    return is_there(folder / "include/linux/kconfig.h");
}

std::string first_line(const fs::path& path) {
    const auto file = MappedFile::open(path);
    if (!file) return {};
    const std::string_view text = as_text(file->bytes());
    return std::string(text.substr(0, text.find('\n')));
}

// What uname will say. (include/config/kernel.release need not: Debian's 6.1 packages hold the
// release of the sources there.)
std::string release_of(const fs::path& build) {
    const std::string line = first_line(build / "include/generated/utsrelease.h");
    const size_t open = line.find('"');
    const size_t close = line.rfind('"');
    if (open == std::string::npos || close <= open) return {};
    return line.substr(open + 1, close - open - 1);
}

// The folder itself, what is unpacked under it, and what it links to: sorted, without doubles.
std::vector<fs::path> candidates(std::span<const fs::path> folders) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const fs::path& folder : folders) {
        found.push_back(folder);
        found.push_back(folder / "build");
        for (const fs::path& parent : {folder, folder / "usr/src"}) {
            for (const auto& entry : fs::directory_iterator(parent, ignored)) {
                if (entry.path().filename().string().starts_with("linux-headers-")) {
                    found.push_back(entry.path());
                }
            }
        }
    }
    std::vector<fs::path> real;
    for (const fs::path& path : found) {
        const fs::path resolved = fs::canonical(path, ignored);
        if (!resolved.empty() && (is_build(resolved) || is_common(resolved))) {
            real.push_back(resolved);
        }
    }
    std::ranges::sort(real);
    const auto doubles = std::ranges::unique(real);
    real.erase(doubles.begin(), doubles.end());
    return real;
}

// Debian's build folder holds one line, "include COMMON/Makefile".
fs::path named_common(const fs::path& build) {
    const std::string line = first_line(build / "Makefile");
    constexpr std::string_view before = "include ";
    if (!line.starts_with(before)) return {};
    return fs::path(line.substr(before.size())).parent_path();
}

// What is named there is an absolute path; unpacked elsewhere, it is beside the build folder, which
// comes first: an installed folder of the same name may be of another revision.
std::optional<fs::path> common_that_build_names(const fs::path& build) {
    const fs::path named = named_common(build);
    if (named.empty()) return {};
    for (const fs::path& folder : {build.parent_path() / named.filename(), named}) {
        if (is_common(folder)) return folder;
    }
    return {};
}

Result<fs::path> choose_build(const std::vector<fs::path>& found, std::string_view release,
                              const std::string& object) {
    std::vector<fs::path> builds;
    std::ranges::copy_if(found, std::back_inserter(builds), is_build);
    if (builds.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, object,
                    "no include/generated/autoconf.h: these are not the headers of a built kernel",
                    "give /lib/modules/RELEASE/build or the linux-headers-RELEASE package");
    }
    if (release.empty()) {
        if (builds.size() == 1) return builds.front();
        return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, object, "holds the headers of several kernels",
                    "name one kernel's folder");
    }
    const auto chosen = std::ranges::find(builds, release, release_of);
    if (chosen != builds.end()) return *chosen;
    return fail(
        DEFIB_ERROR_LAYOUT_CONSTANTS, object,
        "headers of " + release_of(builds.front()) + ", but the kernel is " + std::string(release),
        "give the headers of exactly this kernel");
}

Result<fs::path> choose_common(const std::vector<fs::path>& found, const fs::path& build,
                               const std::string& object) {
    if (is_common(build)) return build;
    if (const auto named = common_that_build_names(build)) return *named;
    std::vector<fs::path> commons;
    std::ranges::copy_if(found, std::back_inserter(commons), is_common);
    if (commons.size() == 1) return commons.front();
    const std::string name = named_common(build).filename().string();
    return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, object,
                commons.empty() ? "the half with include/linux is missing"
                                : "several folders hold an include/linux",
                "give " + (name.empty() ? "the kernel's common headers" : name) + " too");
}

}  // namespace

Result<HeaderTree> find_header_tree(std::span<const fs::path> folders, std::string_view release,
                                    const std::string& object) {
    const std::vector<fs::path> found = candidates(folders);
    auto build = choose_build(found, release, object);
    if (!build) return std::unexpected(build.error());
    auto common = choose_common(found, *build, object);
    if (!common) return std::unexpected(common.error());
    const auto processor = std::ranges::find_if(processors(), [&](const Processor& candidate) {
        return is_there(*build / "arch" / candidate.directory / "include/generated");
    });
    if (processor == processors().end()) {
        return fail(DEFIB_ERROR_LAYOUT_CONSTANTS, object,
                    "made for a processor that defib does not know",
                    "give headers of an x86-64 or arm64 kernel");
    }
    return HeaderTree{.build = *build,
                      .common = *common,
                      .kernel_directory = processor->directory,
                      .architecture = processor->architecture,
                      .release = release_of(*build)};
}

// The order of the kernel's top Makefile: LINUXINCLUDE, then the three headers that every file
// gets.
std::vector<std::string> HeaderTree::compiler_arguments() const {
    std::vector<std::string> arguments;
    for (const Processor& processor : processors()) {
        if (processor.directory == kernel_directory) arguments = processor.arguments;
    }
    const std::string arch = "arch/" + kernel_directory + "/include";
    arguments.insert(arguments.end(), {"-nostdinc", "-std=gnu11", "-fshort-wchar", "-D__KERNEL__"});
    for (const fs::path& folder :
         {common / arch, build / arch / "generated", common / "include", build / "include",
          common / arch / "uapi", build / arch / "generated/uapi", common / "include/uapi",
          build / "include/generated/uapi"}) {
        arguments.push_back("-I" + folder.string());
    }
    // compiler-version.h came with v5.14; clang stops at an -include that is not there.
    for (const char* header : {"compiler-version.h", "kconfig.h", "compiler_types.h"}) {
        const fs::path path = common / "include/linux" / header;
        if (!is_there(path)) continue;
        arguments.insert(arguments.end(), {"-include", path.string()});
    }
    return arguments;
}

std::string HeaderTree::name_of(std::string_view path) const {
    for (const fs::path& half : {common, build}) {
        const std::string prefix = half.string() + "/";
        if (path.starts_with(prefix)) return std::string(path.substr(prefix.size()));
    }
    return std::string(path);
}

}  // namespace defib::layouts
