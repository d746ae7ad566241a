// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/salvage/restarting.h"

#include <sstream>

#include "tests/lab/host_program.h"
#include "tests/salvage/folder.h"

namespace defib::salvage {
namespace {

constexpr const char* THERE = "/tmp/defib/";

// "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x...)", and the loader without an arrow.
std::vector<std::string> libraries_in(const std::string& said) {
    std::vector<std::string> paths;
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        for (std::string word; words >> word;)
            if (word.starts_with('/')) paths.push_back(word);
    }
    return paths;
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

Result<void> bring_defib(lab::Guest& guest) {
    const Folder folder("defib");
    // Its debug information is three quarters of it.
    const std::string program = folder / "defib";
    if (auto made = lab::run_host_program({"strip", "-o", program, DEFIB_PROGRAM}); !made)
        return std::unexpected(made.error());
    const auto libraries = lab::run_host_program({"ldd", DEFIB_PROGRAM});
    if (!libraries) return std::unexpected(libraries.error());
    if (auto made = guest.run({"mkdir", "-p", THERE}); !made) return std::unexpected(made.error());
    auto all = libraries_in(*libraries);
    all.push_back(program);
    for (const std::string& path : all)
        if (auto pushed = guest.push_file(path, THERE + name_of(path)); !pushed) return pushed;
    return {};
}

lab::Argv defib_there(std::vector<std::string> arguments) {
    lab::Argv words = {std::string(THERE) + "ld-linux-x86-64.so.2", "--library-path", THERE,
                       std::string(THERE) + "defib"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

Result<void> wait_for_size(lab::Guest& guest, const std::string& path, size_t size) {
    return guest.wait_for(
        path,
        [&] {
            const auto now = guest.read_file(path);
            return now && now->size() >= size;
        },
        lab::Guest::PATIENCE);
}

}  // namespace defib::salvage
