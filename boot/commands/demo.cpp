// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The demo brings a laboratory of virtual machines along, which defib itself must not: it is a
// program of its own, beside this one.
#include "boot/commands/demo.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace defib::boot {
namespace {

struct Arguments {
    std::string fault;
    std::string report;
    std::string backend;
};

Result<int> demo(const Arguments& arguments) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto program = self.parent_path() / "defib-demo";
    std::vector<std::string> words = {program.string(), self.string()};
    if (!arguments.fault.empty()) words.insert(words.end(), {"--fault", arguments.fault});
    if (!arguments.report.empty()) words.insert(words.end(), {"--report", arguments.report});
    if (!arguments.backend.empty()) words.insert(words.end(), {"--backend", arguments.backend});
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    return fail(DEFIB_ERROR_BASE_TOOL_MISSING, program.string(), std::strerror(errno),
                "./dev demo builds it, and fetches the kernels that it breaks");
}

}  // namespace

Action declare_demo(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("--fault", arguments->fault, "which one; else it is asked for, or a tour")
        ->type_name("NAME");
    options.add_option("--report", arguments->report, "where the page goes (defib-demo.html)")
        ->type_name("FILE");
    options.add_option("--backend", arguments->backend, "who mends it: cpu, cuda or auto (cpu)")
        ->type_name("NAME");
    return [arguments] { return demo(*arguments); };
}

}  // namespace defib::boot
