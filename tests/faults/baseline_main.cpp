// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
//   defib-baseline list                      the faults' names
//   defib-baseline observe FAULT KERNEL      one observation, as a line of JSON; takes over a
//   minute defib-baseline write DOCUMENT < LINES    puts the table of those observations into a
//   document
//
// tests/faults/measure_baseline runs all of it.
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/file.h"
#include "tests/faults/baseline.h"

namespace defib::faults {
namespace {

int complain(const Error& error) {
    std::fprintf(stderr, "defib-baseline: %s\n", to_line(error).c_str());
    return exit_status(error.code);
}

int list() {
    for (const Fault& fault : all()) std::puts(fault.name);
    return DEFIB_EXIT_DONE;
}

int observe_one(std::string_view name, std::string_view kernel) {
    const Fault* fault = find(name);
    if (!fault) return complain({DEFIB_ERROR_BASE_USAGE, std::string(name), "no such fault", {}});
    const auto observation = observe(*fault, kernel);
    if (!observation) return complain(observation.error());
    std::puts(to_json(*observation).dump().c_str());
    return DEFIB_EXIT_DONE;
}

Result<void> write_table(const char* path) {
    std::vector<Observation> observations;
    for (std::string line; std::getline(std::cin, line);) {
        auto observation = from_json(nlohmann::json::parse(line, nullptr, false));
        if (!observation) return std::unexpected(observation.error());
        observations.push_back(std::move(*observation));
    }
    const auto document = MappedFile::open(path);
    if (!document) return std::unexpected(document.error());
    const auto text = with_table(as_text(document->bytes()), table_of(observations));
    if (!text) return std::unexpected(text.error());
    return write_atomically(path, *text);
}

int usage() {
    std::fputs("usage: defib-baseline list | observe FAULT KERNEL | write DOCUMENT < LINES\n",
               stderr);
    return DEFIB_EXIT_USAGE;
}

int run(std::span<char*> arguments) {
    const std::string_view command = arguments.size() > 1 ? arguments[1] : "";
    if (command == "list" && arguments.size() == 2) return list();
    if (command == "observe" && arguments.size() == 4)
        return observe_one(arguments[2], arguments[3]);
    if (command != "write" || arguments.size() != 3) return usage();
    const auto written = write_table(arguments[2]);
    return written ? DEFIB_EXIT_DONE : complain(written.error());
}

}  // namespace
}  // namespace defib::faults

int main(int argc, char** argv) {
    return defib::faults::run({argv, static_cast<size_t>(argc)});
}
