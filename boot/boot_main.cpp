// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// `defib-boot`: what runs on a guarded machine. Small, without LLVM; it verifies an image, starts
// its engine, and seals itself.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "boot/appliance/appliance.h"
#include "engine/base/lost_mapping.h"

namespace {

using defib::boot::Options;

void declare(CLI::App& app, Options& options) {
    app.add_option("--target", options.target, "host, this machine; vm:FILE, a guest's RAM file")
        ->type_name("T");
    auto* image = app.add_option("--image", options.image, "the signed image")->type_name("FILE");
    auto* slots = app.add_option("--slots", options.slots, "or the two slots that hold images")
                      ->type_name("FILE")
                      ->excludes(image);
    app.add_option("--state", options.state, "what this machine trusts")->capture_default_str();
    app.add_option("--journal", options.journal, "where the engine's journal goes")
        ->capture_default_str();
    app.add_option("--machine", options.machine,
                   "vendor/model/board, where the firmware does not say");
    app.add_option("--backend", options.backend, "who runs the engine")
        ->check(CLI::IsMember({"auto", "cuda", "cpu"}))
        ->capture_default_str();
    app.add_option("--gpu", options.gpu, "which GPU, by UUID or PCI address; else the only one");
    app.add_option("--metrics", options.metrics,
                   "metrics for Prometheus: a port of this machine, or ADDRESS:PORT")
        ->type_name("WHERE");
    app.add_option("--exec", options.program,
                   "run this for each finding, with the finding as JSON on its input")
        ->type_name("PROGRAM");
    auto* serve = app.add_option("--serve", options.serve, "let defib remote ask: ADDRESS:PORT")
                      ->type_name("WHERE");
    app.add_option("--serve-key", options.serve_key,
                   "and act, whoever has this key: a file of 32 bytes")
        ->needs(serve)
        ->type_name("FILE");
    app.add_flag("--serve-memory", options.serves_memory,
                 "and read a guest's memory: whoever has the key, or without one whoever asks")
        ->needs(serve);
    app.add_option("--max-age-days", options.max_age_days, "refuse an image of an older source")
        ->check(CLI::Range(1, defib::image::MOST_AGE_DAYS));
    app.add_flag_callback(
        "--observe", [&options] { options.mode = defib::boot::Mode::observe; },
        "find and report; the target is mapped without the right to write");
    app.add_flag_callback(
        "--keep-oom-score", [&options] { options.oom_score = defib::seal::OomScore::kept; },
        "leave the out-of-memory score to whoever starts this");
    // A slot would count it as a try of what lies there.
    app.add_flag_callback(
           "--self-test", [&options] { options.until = defib::boot::Until::self_tested; },
           "verify and test an image, then end; needs no target")
        ->excludes(slots);
}

int run(const Options& options) {
    const auto log = defib::boot::EventLog::open();
    const defib::boot::Stages stages(log);
    auto appliance = defib::boot::Appliance::start(options, stages, log);
    if (!appliance) return defib::exit_status(appliance.error().code);
    if (*appliance == nullptr) return DEFIB_EXIT_DONE;
    if (auto sealed = (*appliance)->seal(stages); !sealed) {
        return defib::exit_status(sealed.error().code);
    }
    // A sealed process cannot give back what it has: the kernel does.
    _exit((*appliance)->supervise(stages));
}

}  // namespace

int main(int argc, char** argv) {
    defib::end_cleanly_on_lost_mapping("defib-boot");
    Options options;
    CLI::App app("First aid for a Linux kernel that can no longer help itself: the appliance.",
                 "defib-boot");
    declare(app, options);
    try {
        app.parse(argc, argv);
        if (options.image.empty() && options.slots.empty()) {
            throw CLI::RequiredError("--image or --slots");
        }
        if (options.target.empty() && options.until == defib::boot::Until::stopped) {
            throw CLI::RequiredError("--target");
        }
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help) == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_USAGE;
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "defib-boot: %s; see defib-boot --help\n", error.what());
        return DEFIB_EXIT_USAGE;
    }
    return run(options);
}
