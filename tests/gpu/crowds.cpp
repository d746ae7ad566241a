// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of many processes, beside what the bus allows: the chunks that have to be read, at the
// rates measured here and now; and beside one thread that walks the kernel's list.
#include <fmt/format.h>

#include "boot/binder/layout_lookup.h"
#include "boot/session/statistics.h"
#include "engine/routines/views/records.h"
#include "tests/gpu/limits.h"
#include "tests/gpu/suite.h"

namespace defib::gpu {
namespace {

constexpr int REPETITIONS = 15;

Result<void> grow(lab::Guest& guest, uint32_t by, uint32_t to) {
    const auto crowd = guest.start({"/tmp/victim", "crowd-asleep", std::to_string(by)});
    if (!crowd) return std::unexpected(crowd.error());
    return guest.wait_for(
        "the crowd",
        [&] {
            const auto load = guest.read_file("/proc/loadavg").value_or("");
            const size_t slash = load.find('/');
            return slash != std::string::npos && std::stoul(load.substr(slash + 1)) >= to;
        },
        std::chrono::minutes(8));
}

struct Rates {
    double chunks_64 = 0;
    double chunks_256 = 0;
    double chunks_1k = 0;
    double chunks_3k = 0;
};

// Reads of other objects that the list's view makes for each process: its parent, credentials,
// signals (two lines), memory, cgroup set.
constexpr double OTHERS = 6;

Result<Rates> measure_limits(Suite& suite, const boot::Session& twin, uint64_t a_task) {
    const auto claim = boot::cuda::Claim::take(suite.backend.gpu);
    if (!claim) return std::unexpected(claim.error());
    // A mapping of its own, which may be written: what every driver can pin.
    const auto target = boot::Target::open(twin.target().name(), boot::Access::look_with_device);
    if (!target) return std::unexpected(target.error());
    const auto kernel = boot::find_kernel(*target);
    if (!kernel) return std::unexpected(kernel.error());
    const auto seen = boot::cuda::register_window(*claim, kernel->window, true);
    if (!seen) return std::unexpected(seen.error());
    const auto limits = Limits::start(*claim);
    if (!limits) return std::unexpected(limits.error());
    Rates rates;
    struct {
        uint32_t bytes;
        double& place;
    } const sizes[] = {{64, rates.chunks_64},
                       {256, rates.chunks_256},
                       {1024, rates.chunks_1k},
                       {3072, rates.chunks_3k}};
    for (const auto& size : sizes) {
        const auto rate = limits->chunks_a_second(seen->window, size.bytes);
        if (!rate) return std::unexpected(rate.error());
        size.place = *rate;
    }
    suite.add("random chunks of 64, 256, 1024, 3072 bytes",
              fmt::format("{:.1f}, {:.1f}, {:.1f}, {:.1f} M/s", rates.chunks_64 / 1e6,
                          rates.chunks_256 / 1e6, rates.chunks_1k / 1e6, rates.chunks_3k / 1e6));
    const auto tasks = boot::find_path(twin.layout(), "task_struct.tasks");
    const auto pid = boot::find_path(twin.layout(), "task_struct.pid");
    if (tasks && pid) {
        const auto walk = limits->walk(seen->window, twin.kernel().map, a_task + tasks->offset,
                                       pid->offset - tasks->offset);
        if (!walk) return std::unexpected(walk.error());
        suite.add("one thread along the list, one field each",
                  fmt::format("{:.1f} ms", walk->us / 1000),
                  fmt::format("{} processes, {:.2f} us each", walk->objects,
                              walk->us / static_cast<double>(walk->objects)));
    }
    return rates;
}

// What integrity monitors do: one 64-bit word of each object checked, found anew along the kernel's
// own pointers (the table of numbers, the number, the task, its signals).
Result<void> measure_integrity(Suite& suite, boot::Session& session) {
    const auto command = view_command(session, "thread_time", "processes");
    if (!command) return std::unexpected(command.error());
    DefibAnswer answer{};
    std::vector<double> all_us;
    for (int i = 0; i < REPETITIONS; i++) all_us.push_back(ask_us(session, *command, answer));
    suite.add(fmt::format("{} words checked, each found along four pointers", answer.objects),
              fmt::format("{:.2f} ms", median(all_us) / 1000),
              fmt::format("{:.0f} rounds a second", 1e6 / median(all_us)));
    return {};
}

// The same processes with twelve fields each.
Result<void> measure_brief(Suite& suite, lab::Guest& guest, const DefibAnswer& whole,
                           const Rates& rates) {
    if (suite.backend.backend != boot::Backend::cuda) return {};
    auto session = open_with(suite, brief_set(), guest.ram_file(), suite.backend.backend);
    if (!session) return std::unexpected(session.error());
    const auto command = view_command(**session, "brief", "processes");
    if (!command) return std::unexpected(command.error());
    DefibAnswer answer{};
    std::vector<double> all_us;
    for (int i = 0; i < REPETITIONS; i++) all_us.push_back(ask_us(**session, *command, answer));
    constexpr double BRIEF_OTHERS = 2;  // its parent, its signals
    const double floor_ms =
        answer.objects * (1 / rates.chunks_3k + BRIEF_OTHERS / rates.chunks_64) * 1e3;
    suite.add(fmt::format("list of {} processes, 12 fields, GPU", answer.objects),
              fmt::format("{:.2f} ms", median(all_us) / 1000),
              fmt::format("the chunks alone {:.2f} ms; {} bytes of each task, read twice", floor_ms,
                          command->view.picture_size));
    suite.check("all of them are there, none torn",
                answer.objects == whole.objects && answer.torn == 0 &&
                    answer.records.count == whole.records.count && answer.incomplete == 0,
                fmt::format("{} records, {} torn", answer.records.count, answer.torn));
    return {};
}

Result<void> measure(Suite& suite, lab::Guest& guest) {
    auto twin = open(suite, guest.ram_file(), boot::Backend::cpu);
    if (!twin) return std::unexpected(twin.error());
    const auto command = view_command(**twin, "process", "processes");
    if (!command) return std::unexpected(command.error());
    const auto seen = (*twin)->view("process", "processes");
    if (!seen) return std::unexpected(seen.error());
    if (seen->records.empty()) return fail(DEFIB_ERROR_BOOT_CANNOT_LOOK, "the crowd");
    const auto first = seen->records.front().as<DefibProcessRecord>(DEFIB_RECORD_PROCESS);

    Rates rates;
    if (suite.backend.backend == boot::Backend::cuda) {
        const auto measured = measure_limits(suite, **twin, first ? first->task : 0);
        if (!measured) return std::unexpected(measured.error());
        rates = *measured;
    }
    DefibAnswer twin_answer{};
    std::vector<double> twin_us;
    for (int i = 0; i < 5; i++) twin_us.push_back(ask_us(**twin, *command, twin_answer));

    auto gpu = open(suite, guest.ram_file(), suite.backend.backend);
    if (!gpu) return std::unexpected(gpu.error());
    DefibAnswer answer{};
    std::vector<double> all_us;
    for (int i = 0; i < REPETITIONS; i++) all_us.push_back(ask_us(**gpu, *command, answer));
    const double floor_ms = answer.objects * (1 / rates.chunks_3k + OTHERS / rates.chunks_64) * 1e3;
    suite.add(fmt::format("list of {} processes, 30 fields, GPU", answer.objects),
              fmt::format("{:.2f} ms", median(all_us) / 1000),
              fmt::format("the chunks alone {:.2f} ms; the twin {:.1f} ms", floor_ms,
                          median(twin_us) / 1000));
    if (const auto figures = boot::figures_of(**gpu)) {
        suite.add("- of it: heads, items, adding up, delivery",
                  fmt::format("{:.2f}, {:.2f}, {:.2f}, {:.2f} ms", figures->heads_us / 1000,
                              figures->items_us / 1000, figures->adding_us / 1000,
                              figures->delivered_us / 1000));
    }
    if (auto done = measure_integrity(suite, **gpu); !done) return done;
    suite.check(fmt::format("all of {} are there, none torn", answer.objects),
                answer.records.count == twin_answer.records.count &&
                    answer.objects == twin_answer.objects && answer.torn == twin_answer.torn &&
                    answer.incomplete == 0,
                fmt::format("{} records, {} torn, {} lost", answer.records.count, answer.torn,
                            answer.records.lost));
    gpu->reset();
    return measure_brief(suite, guest, answer, rates);
}

Result<void> measure_each(Suite& suite, lab::Guest& guest) {
    if (auto done = guest.push_file(suite.victim, "/tmp/victim"); !done) return done;
    for (const char* file : {"/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"}) {
        if (auto done = guest.write_file(file, "200000"); !done) return done;
    }
    uint32_t size = 0;
    for (const uint32_t crowd : suite.crowds) {
        if (auto done = grow(guest, crowd - size, crowd); !done) return done;
        size = crowd;
        // Frozen: what is measured is the list, not the guest's own load.
        if (auto done = guest.qmp("stop"); !done) return std::unexpected(done.error());
        if (auto done = measure(suite, guest); !done) return done;
        if (auto done = guest.qmp("cont"); !done) return std::unexpected(done.error());
    }
    return {};
}

}  // namespace

void measure_crowds(Suite& suite) {
    if (suite.crowds.empty()) return;
    const uint64_t megabytes = suite.crowds.back() > 5000 ? 6144 : 2048;
    auto guest = lab::Guest::boot({.kernel = suite.kernel, .cpus = 8, .ram_megabytes = megabytes});
    if (!guest) return suite.fail_with("a guest for the crowd", guest.error());
    if (const auto done = measure_each(suite, *guest); !done) {
        suite.fail_with("the crowd", done.error());
    }
}

}  // namespace defib::gpu
