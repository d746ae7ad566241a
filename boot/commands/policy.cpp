// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/policy.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <span>

#include "boot/binder/binding_file.h"
#include "boot/binder/policy_file.h"
#include "boot/commands/look.h"
#include "boot/session/vocabulary.h"
#include "image/policy/compile.h"
#include "image/policy/default_policy.h"
#include "layouts/layout_json.h"

namespace defib::boot {
namespace {

// Where a check binds to: any kernel may be loaded anywhere, and scratch memory is found in the
// running one only.
constexpr uint64_t ANY_TEXT = 0xffffffff81000000;
constexpr Scratch ANY_SCRATCH{0xffffffff82000000, 4096};

struct Arguments {
    std::string file;
    std::string layout;
    bool is_json = false;
};

Result<image::Vocabulary> words_for(const std::string& layout_file) {
    const std::string_view text = routine_set().manifest;
    const auto manifest = read_manifest(text, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    if (layout_file.empty()) return vocabulary_of(*manifest, text);
    const auto file = MappedFile::open(layout_file);
    if (!file) return std::unexpected(file.error());
    const auto layout = layouts::read_layout(as_text(file->bytes()), layout_file);
    if (!layout) return std::unexpected(layout.error());
    const auto bound = bind(*manifest, *layout, ANY_TEXT, ANY_SCRATCH);
    if (!bound) return std::unexpected(bound.error());
    return vocabulary_of(*manifest, text, &*bound);
}

void print_as_json(const Arguments& arguments, const image::CompiledPolicy& compiled) {
    print_json({{"policy", printable(arguments.file)},
                {"rules", compiled.table.rule_count},
                {"problems", compiled.problems},
                {"cannot_be_served", compiled.notes}});
}

struct CompileArguments {
    std::string file;
    std::string layout;
    std::string binding;
    std::string out;
};

// The same as a start does, but that no kernel was found yet: scratch memory counts as there.
Result<int> compile(const CompileArguments& arguments) {
    const std::string_view text = routine_set().manifest;
    const auto manifest = read_manifest(text, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    const auto source = MappedFile::open(arguments.file);
    if (!source) return std::unexpected(source.error());
    const auto layout = MappedFile::open(arguments.layout);
    if (!layout) return std::unexpected(layout.error());
    const auto file = MappedFile::open(arguments.binding);
    if (!file) return std::unexpected(file.error());
    const auto of = BindingSources::of(as_bytes(text), layout->bytes());
    const auto binding = read_binding(file->bytes(), of, arguments.binding);
    if (!binding) return std::unexpected(binding.error());
    const auto bound = bind(*manifest, binding->answers, ANY_TEXT, ANY_SCRATCH);
    if (!bound) return std::unexpected(bound.error());
    const auto words = vocabulary_of(*manifest, text, &*bound);
    const auto compiled =
        image::compile_whole_policy(as_text(source->bytes()), arguments.file, words);
    if (!compiled) return std::unexpected(compiled.error());
    const auto sources = PolicySources::of(source->bytes(), as_bytes(text), file->bytes());
    const std::string bytes = write_policy(sources, {compiled->table, compiled->notes});
    // What is made here must be taken there.
    if (auto read = read_policy(as_bytes(bytes), sources, *manifest, arguments.file); !read) {
        return std::unexpected(read.error());
    }
    for (const auto& note : compiled->notes) fmt::print("{}: {}\n", arguments.file, note);
    if (auto written = write_atomically(arguments.out, bytes); !written) {
        return std::unexpected(written.error());
    }
    return DEFIB_EXIT_DONE;
}

std::string summary_of(const image::CompiledPolicy& compiled) {
    const auto rules = std::span(compiled.table.rules, compiled.table.rule_count);
    const auto acting =
        compiled.table.mode == DEFIB_MODE_ACT
            ? std::ranges::count(rules, uint32_t{DEFIB_MODE_ACT}, &DefibPolicyRule::mode)
            : 0;
    const std::string kept = fmt::format("{} rules, {} of them act", rules.size(), acting);
    return compiled.notes.empty() ? kept + "; nothing wrong with them"
                                  : kept + fmt::format("; this kernel cannot serve {} as written",
                                                       compiled.notes.size());
}

// 0: it can be used as it is; 1: this kernel cannot serve all of it; 3: something in it is wrong.
Result<int> check(const Arguments& arguments) {
    const auto words = words_for(arguments.layout);
    if (!words) return std::unexpected(words.error());
    std::string_view text = image::default_policy();
    MappedFile file;
    if (arguments.file != "default") {
        auto opened = MappedFile::open(arguments.file);
        if (!opened) return std::unexpected(opened.error());
        file = std::move(*opened);
        text = as_text(file.bytes());
    }
    const auto compiled = image::compile_policy(text, arguments.file, *words);
    if (!compiled) return std::unexpected(compiled.error());
    if (arguments.is_json) {
        print_as_json(arguments, *compiled);
    } else {
        for (const auto& problem : compiled->problems) {
            fmt::print(stderr, "{}: {}\n", arguments.file, problem);
        }
        for (const auto& note : compiled->notes) fmt::print("{}: {}\n", arguments.file, note);
    }
    if (!compiled->problems.empty()) return DEFIB_EXIT_INPUT;
    if (!arguments.is_json) {
        fmt::print("{}: {}\n", arguments.file, summary_of(*compiled));
    }
    return compiled->notes.empty() ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace

Action declare_policy_check(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options
        .add_option("file", arguments->file, "the policy; 'default' is the one that comes along")
        ->required()
        ->type_name("FILE");
    options
        .add_option("--layout", arguments->layout,
                    "a kernel's layout: say also what that kernel cannot serve")
        ->type_name("L");
    options.add_flag("--json", arguments->is_json, "JSON instead of lines");
    return [arguments] { return check(*arguments); };
}

Action declare_policy_compile(CLI::App& options) {
    auto arguments = std::make_shared<CompileArguments>();
    options.add_option("file", arguments->file, "the policy")->required()->type_name("FILE");
    options.add_option("--layout", arguments->layout, "the kernel's layout")
        ->required()
        ->type_name("L");
    options.add_option("--binding", arguments->binding, "what defib layout bind made of it")
        ->required()
        ->type_name("B");
    options.add_option("-o,--out", arguments->out, "the compiled policy, for an image")->required();
    return [arguments] { return compile(*arguments); };
}

}  // namespace defib::boot
