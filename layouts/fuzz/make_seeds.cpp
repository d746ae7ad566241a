// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes the seeds of btf_fuzz and layout_json_fuzz, which are in the tree so that a fuzzer starts
// from them anywhere:
//
//   cmake --build build --target layouts_make_seeds && build/layouts_make_seeds tests/fuzz/seeds
#include <cstdio>
#include <filesystem>

#include "engine/base/file.h"
#include "layouts/btf.h"
#include "layouts/layout_builder.h"
#include "layouts/layout_json.h"
#include "layouts/testing/btf_assembler.h"

namespace defib::layouts {
namespace {

using testing::BtfAssembler;
using testing::everything;

BtfAssembler flattening() {
    BtfAssembler btf;
    const auto u32 = btf.integer("unsigned int", 4);
    const auto u64 = btf.integer("long unsigned int", 8);
    const auto letter = btf.integer("char", 1, 1);
    const auto inner = btf.structure("", 8, {{"a", u32, 0}, {"b", u32, 32, 4}, {"c", u32, 36, 28}});
    const auto either = btf.union_type("", 8, {{"", inner, 0}, {"whole", u64, 0}});
    const auto bare = btf.structure("", 8, {{"sig", btf.array(u64, 1), 0}});
    const auto sigset = btf.alias("sigset_t", bare);
    btf.structure("task_struct", 64,
                  {{"stack", btf.pointer(0), 0},
                   {"", either, 64},
                   {"removed", inner, 128},
                   {"comm", btf.array(letter, 16), 192},
                   {"blocked", sigset, 320},
                   {"func", btf.alias("func_t", btf.pointer(btf.prototype(0))), 384}});
    btf.enumeration("", 4, {{"TASK_COMM_LEN", 16}});
    return btf;
}

BtfAssembler old_bit_fields() {
    BtfAssembler btf;
    const auto narrow = btf.narrow_integer("unsigned int", 4, 2, 5);
    btf.structure("flags", 8, {{"a", btf.alias("bits", narrow), 32}});
    return btf;
}

BtfAssembler module() {
    auto btf = BtfAssembler::continuing(everything());
    btf.structure("driver", 16, {{"count", 1, 0}, {"node", 4, 64}});
    return btf;
}

bool write(const std::filesystem::path& path, std::string_view content) {
    const auto written = write_atomically(path, content);
    if (!written) std::fprintf(stderr, "%s\n", to_line(written.error()).c_str());
    return written.has_value();
}

bool write_layout(const std::filesystem::path& path, const BtfAssembler& btf) {
    const std::string blob = btf.blob();
    const auto graph = read_btf(as_bytes(blob), path.string());
    if (!graph) return false;
    auto layout = build_layout(*graph, Everything{}, path.string());
    if (!layout) return false;
    layout->kernel = {"x86_64", "6.1", "Linux version 6.1", "00", "sha256:00", true, false,
                      false,    {4, 5}};
    layout->symbols["init_task"] = {4096, false};
    layout->symbols["runqueues"] = {64, true};
    return write(path, to_json(*layout));
}

}  // namespace
}  // namespace defib::layouts

int main(int argc, char** argv) {
    using namespace defib::layouts;
    if (argc != 2) {
        std::fprintf(stderr, "usage: layouts_make_seeds FOLDER\n");
        return DEFIB_EXIT_USAGE;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder / "btf");
    std::filesystem::create_directories(folder / "layout_json");
    const bool is_done = write(folder / "btf" / "everything", everything().blob()) &&
                         write(folder / "btf" / "flattening", flattening().blob()) &&
                         write(folder / "btf" / "old_bit_fields", old_bit_fields().blob()) &&
                         write(folder / "btf" / "module", module().blob()) &&
                         write_layout(folder / "layout_json" / "everything", everything()) &&
                         write_layout(folder / "layout_json" / "flattening", flattening());
    return is_done ? DEFIB_EXIT_DONE : DEFIB_EXIT_ENVIRONMENT;
}
