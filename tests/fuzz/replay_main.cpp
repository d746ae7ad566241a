// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over the files of the folders it is given: the seeds, and every past finding.
// Without a fuzzer in sight, a finding still fails the test that its fix was made for.
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "engine/base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
    size_t runs = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!entry.is_regular_file()) continue;
            const auto file = defib::MappedFile::open(entry.path());
            if (!file) {
                std::fprintf(stderr, "%s\n", defib::to_line(file.error()).c_str());
                return 1;
            }
            const auto bytes = file->bytes();
            LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
            ++runs;
        }
    }
    std::printf("%zu inputs\n", runs);
    return runs == 0;  // a folder without seeds tests nothing
}
