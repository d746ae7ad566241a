// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/extract.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/base/file.h"
#include "layouts/constants/constants.h"
#include "layouts/layout_json.h"

namespace defib::layouts {
namespace {

// What the input itself says of its kernel goes before what its types let guess.
KernelIdentity merged(KernelIdentity said, KernelIdentity guessed) {
    const auto fill = [](auto& into, auto& from) {
        if (into == std::remove_reference_t<decltype(into)>{}) into = std::move(from);
    };
    fill(said.architecture, guessed.architecture);
    fill(said.release, guessed.release);
    fill(said.banner, guessed.banner);
    fill(said.build_id, guessed.build_id);
    fill(said.btf_digest, guessed.btf_digest);
    fill(said.smp, guessed.smp);
    fill(said.preempt_rt, guessed.preempt_rt);
    fill(said.randstruct, guessed.randstruct);
    fill(said.page_table_levels, guessed.page_table_levels);
    return said;
}

void take_symbols(Layout& layout, SymbolMap symbols, const Selection& selection) {
    if (const auto* wanted = std::get_if<Wanted>(&selection)) {
        std::erase_if(symbols, [&](const auto& s) { return !wanted->symbols.contains(s.first); });
        for (auto& [name, symbol] : symbols) {
            if (!wanted->stored_symbols.contains(name)) symbol.room = 0;
        }
    }
    layout.symbols = std::move(symbols);
}

Result<Layout> extract(const std::filesystem::path& input, const ExtractOptions& options) {
    auto artefact = read_artefact(input, options.read);
    if (!artefact) return std::unexpected(artefact.error());
    // gcc's plugin shuffles members after it has described them to the debugger
    // (scripts/gcc-plugins/randomize_layout_plugin.c), so no description of this kernel is right.
    if (artefact->kernel.randstruct.value_or(false)) {
        return fail(DEFIB_ERROR_LAYOUT_UNSUPPORTED, input.string(),
                    "a kernel with CONFIG_RANDSTRUCT, whose type information cannot be trusted");
    }
    auto layout = build_layout(artefact->types, options.selection, input.string());
    if (!layout) return layout;
    layout->kernel = merged(std::move(artefact->kernel), std::move(layout->kernel));
    take_symbols(*layout, std::move(artefact->symbols), options.selection);
    const auto* wanted = std::get_if<Wanted>(&options.selection);
    const auto added =
        add_constants(*layout, options.headers, wanted ? wanted->constants : wanted_constants());
    if (!added) return std::unexpected(added.error());
    return layout;
}

}  // namespace

Result<Layout> extract_layout(const std::filesystem::path& input, const ExtractOptions& options) {
    return extract(input, options);
}

Result<std::vector<std::filesystem::path>> packages_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> packages;
    std::error_code error;
    for (auto it = std::filesystem::directory_iterator(folder, error);
         !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
        std::error_code ignored;
        if (it->path().extension() == ".deb" && it->is_regular_file(ignored)) {
            packages.push_back(it->path());
        }
    }
    if (error) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, folder.string(), error.message());
    }
    if (packages.empty()) {
        return fail(DEFIB_ERROR_LAYOUT_NO_KERNEL, folder.string(), "no .deb in it");
    }
    std::ranges::sort(packages);
    return packages;
}

size_t extract_packages(const std::vector<std::filesystem::path>& packages,
                        const std::filesystem::path& into, const ExtractOptions& options,
                        const PackageDone& done) {
    const unsigned asked =
        options.read.threads != 0 ? options.read.threads : std::thread::hardware_concurrency();
    const size_t workers = std::clamp<size_t>(asked, 1, packages.size());
    ExtractOptions each = options;
    each.read.threads = 1;  // the packages are what runs in parallel
    std::atomic<size_t> next = 0;
    std::atomic<size_t> failed = 0;
    std::mutex one_at_a_time;

    const auto extract_one =
        [&](const std::filesystem::path& package) -> Result<std::filesystem::path> {
        const auto layout = extract(package, each);
        if (!layout) return std::unexpected(layout.error());
        auto path = into / (layout->kernel.release + ".json");
        if (auto written = write_atomically(path, to_json(*layout)); !written) {
            return std::unexpected(written.error());
        }
        return path;
    };
    const auto work = [&] {
        for (size_t i = next++; i < packages.size(); i = next++) {
            const auto result = extract_one(packages[i]);
            if (!result) ++failed;
            const std::scoped_lock lock(one_at_a_time);
            done(packages[i], result);
        }
    };
    std::vector<std::jthread> threads;
    threads.reserve(workers);
    for (size_t i = 1; i < workers; ++i) threads.emplace_back(work);
    work();
    threads.clear();
    return failed;
}

}  // namespace defib::layouts
