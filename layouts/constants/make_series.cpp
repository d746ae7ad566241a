// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// make-series HEADERS...: prints the rows of one kernel series, from the headers of several builds
// of it (flavours that are configured as differently as can be had). A value that is not the same
// in all of them hangs on the configuration and gets no row.
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "layouts/constants/constants.h"

int main(int argc, char** argv) {
    using defib::layouts::LayoutConstant;
    std::map<std::string, LayoutConstant> rows;
    std::map<std::string, int> builds;
    std::set<std::string> differing;
    for (int i = 1; i < argc; ++i) {
        const std::filesystem::path folder = argv[i];
        const auto read = defib::layouts::constants_from_headers(
            std::span(&folder, 1), "", defib::layouts::wanted_constants());
        if (!read) {
            std::fprintf(stderr, "make-series: %s\n", defib::to_line(read.error()).c_str());
            return defib::exit_status(read.error().code);
        }
        for (const auto& [name, constant] : read->constants) {
            const auto [row, is_new] = rows.emplace(name, constant);
            if (!is_new && row->second.value != constant.value) differing.insert(name);
            ++builds[name];
        }
    }
    for (const auto& [name, row] : rows) {
        if (defib::layouts::hangs_on_configuration(name)) continue;
        if (differing.contains(name) || builds[name] != argc - 1) {
            std::fprintf(stderr, "make-series: %s: not the same in all of them: left out\n",
                         name.c_str());
            continue;
        }
        const std::string file = row.source.substr(row.source.find(' ') + 1);
        std::printf("ROW(%s, 0x%llx, \"%s\")\n", name.c_str(),
                    static_cast<unsigned long long>(row.value), file.c_str());
    }
    return 0;
}
