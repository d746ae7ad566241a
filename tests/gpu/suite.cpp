// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/gpu/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "boot/session/statistics.h"
#include "engine/runtime/loop.h"
#include "layouts/extract.h"

namespace defib::gpu {

void Suite::add(std::string what, std::string figure, std::string beside) {
    fmt::print("| {} | {} | {} |\n", what, figure, beside);
    std::fflush(stdout);
    rows.push_back({std::move(what), std::move(figure), std::move(beside)});
}

void Suite::check(std::string what, bool is_so, std::string beside) {
    failures += is_so ? 0 : 1;
    add(std::move(what), is_so ? "yes" : "NO", std::move(beside));
}

void Suite::fail_with(const std::string& what, const Error& error) {
    check(what, false, to_line(error));
}

Result<SessionPointer> open(const Suite& suite, const std::string& ram_file, boot::Backend backend,
                            boot::Access access) {
    boot::RoutineSet set = boot::routine_set();
    if (suite.text == Text::OLDER) set.gpu_code = {.text = set.gpu_code.older_text};
    if (!suite.cubins.empty()) set.gpu_code = {.cubins = suite.cubins};
    return open_with(suite, set, ram_file, backend, access);
}

Result<SessionPointer> open_with(const Suite& suite, const boot::RoutineSet& set,
                                 const std::string& ram_file, boot::Backend backend,
                                 boot::Access access) {
    const auto manifest = boot::read_manifest(set.manifest, "manifest");
    if (!manifest) return std::unexpected(manifest.error());
    layouts::ExtractOptions extract;
    layouts::Wanted wanted = layouts::wanted_by_default();
    boot::want(*manifest, wanted);
    extract.selection = std::move(wanted);
    auto layout = layouts::extract_layout(ram_file, extract);
    if (!layout) return std::unexpected(layout.error());
    boot::SessionOptions options;
    options.target = "vm:" + ram_file;
    options.layout = std::move(*layout);
    options.backend = suite.backend;
    options.backend.backend = backend;
    options.access = access;
    return boot::Session::start(std::move(options), set);
}

boot::cuda::CudaEngine* gpu_of(boot::Session& session) {
    return dynamic_cast<boot::cuda::CudaEngine*>(&session.engine());
}

double ask_us(boot::Session& session, const DefibCommand& command, DefibAnswer& answer) {
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    if (boot::cuda::CudaEngine* gpu = gpu_of(session)) {
        runtime::post(gpu->mailbox(), command);
        while (!runtime::is_answered(gpu->mailbox())) {
            if (Clock::now() - begun > std::chrono::seconds(20)) break;
        }
        answer = gpu->mailbox().answer;
    } else {
        answer = session.engine().carry_out(command).value_or(DefibAnswer{});
    }
    return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

Result<DefibCommand> view_command(const boot::Session& session, std::string_view view,
                                  std::string_view collector) {
    const auto item = session.manifest().number_of(view);
    const auto from = session.manifest().number_of(collector);
    if (!item || !from) return fail(DEFIB_ERROR_BASE_USAGE, std::string(view), "no such view");
    DefibCommand command{};
    command.kind = DEFIB_COMMAND_VIEW;
    command.view.item = *item;
    command.view.collector = *from;
    command.view.picture_offset = session.bound().routines[*item].picture_offset;
    command.view.picture_size = session.bound().routines[*item].picture_size;
    return command;
}

void tell_figures(Suite& suite, boot::Session& session) {
    const auto figures = boot::figures_of(session);
    if (!figures) return suite.fail_with("the engine's figures", figures.error());
    for (const boot::Figure& figure : figures->loop) {
        if (figure.count == 0) continue;
        const std::string reads =
            figure.reads > 0 ? fmt::format(", {:.1f} reads each", figure.reads) : "";
        suite.add("- " + figure.what, fmt::format("{:.1f} us (median)", figure.median_us),
                  fmt::format("mean {:.1f}, p99 {:.1f}, most {:.1f}, {} times{}", figure.mean_us,
                              figure.p99_us, figure.most_us, figure.count, reads));
    }
}

double median(std::vector<double> figures) {
    if (figures.empty()) return 0;
    const auto middle = figures.begin() + static_cast<std::ptrdiff_t>(figures.size() / 2);
    std::ranges::nth_element(figures, middle);
    return *middle;
}

}  // namespace defib::gpu
