// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
//   defib-matrix todo --build ID --results FILE ...   the rounds that are missing, one a line
//   defib-matrix round FAULT KERNEL WORKLOAD NUMBER   holds one, and prints its result
//   defib-matrix write DOCUMENT RESULTS ...           puts the table of them into a document
//
// tests/matrix/run_matrix does all of it.
#include <fmt/format.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/base/file.h"
#include "tests/matrix/round.h"
#include "tests/matrix/schedule.h"
#include "tests/matrix/table.h"

namespace defib::matrix {
namespace {

// xargs stops handing out work where a command ends so.
constexpr int TIME_IS_OVER = 255;

int complain(const Error& error) {
    fmt::print(stderr, "defib-matrix: {}\n", to_line(error));
    return exit_status(error.code);
}

Result<std::vector<RoundResult>> read_all(const std::vector<std::string>& files) {
    std::vector<RoundResult> all;
    for (const std::string& path : files) {
        const auto file = MappedFile::open(path);
        if (!file) return std::unexpected(file.error());
        const auto some = read_results(as_text(file->bytes()));
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

int list_todo(const Wanted& wanted, const std::string& build,
              const std::vector<std::string>& files) {
    const auto done = read_all(files);
    if (!done) return complain(done.error());
    for (const Round& one : still_to_do(wanted, *done, build)) {
        fmt::print("{} {} {} {}\n", one.fault, one.kernel, one.workload, one.number);
    }
    return DEFIB_EXIT_DONE;
}

struct RoundArguments {
    Round round;
    std::string build;
    std::string defib;
    unsigned healthy_s = 600;
    bool tells = false;
    int64_t until = 0;  // seconds since 1970; 0: no end
};

int hold(const RoundArguments& arguments) {
    if (arguments.until != 0 && time(nullptr) >= arguments.until) return TIME_IS_OVER;
    RoundResult result = arguments.round.workload == HEALTHY
                             ? hold_healthy(arguments.round, arguments.defib,
                                            std::chrono::seconds(arguments.healthy_s))
                             : hold_round(arguments.round, arguments.defib);
    result.build = arguments.build;
    if (arguments.tells) fmt::print(stderr, "{}", result.all);
    fmt::print("{}\n",
               to_json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return DEFIB_EXIT_DONE;
}

int write(const std::string& path, const std::vector<std::string>& files) {
    const auto results = read_all(files);
    if (!results) return complain(results.error());
    std::string before;
    {
        const auto document = MappedFile::open(path);
        if (!document) return complain(document.error());
        before = as_text(document->bytes());
    }
    const auto text = with_table(before, table_of(*results));
    if (!text) return complain(text.error());
    const auto written = write_atomically(path, *text);
    return written ? DEFIB_EXIT_DONE : complain(written.error());
}

}  // namespace
}  // namespace defib::matrix

int main(int count, char** arguments) {
    using namespace defib::matrix;
    CLI::App app("every fault, with defib beside it");
    app.require_subcommand(1);
    Wanted wanted;
    RoundArguments one;
    std::vector<std::string> files;
    std::string document;
    CLI::App* todo = app.add_subcommand("todo", "the rounds that are missing");
    todo->add_option("--build", one.build)->required();
    todo->add_option("--results", files, "what is known already");
    todo->add_option("--rounds", wanted.rounds);
    todo->add_option("--healthy-parts", wanted.healthy_parts);
    todo->add_option("--hooked-rounds", wanted.hooked_rounds);
    todo->add_option("--fault", wanted.faults);
    todo->add_option("--kernel", wanted.kernels);
    todo->add_option("--workload", wanted.workloads);
    CLI::App* round = app.add_subcommand("round", "holds one");
    round->add_option("fault", one.round.fault)->required();
    round->add_option("kernel", one.round.kernel)->required();
    round->add_option("workload", one.round.workload)->required();
    round->add_option("number", one.round.number)->required();
    round->add_option("--build", one.build)->required();
    round->add_option("--defib", one.defib)->required();
    round->add_option("--healthy-seconds", one.healthy_s);
    round->add_option("--until", one.until);
    round->add_flag("--tell", one.tells, "all that defib said too, on standard error");
    CLI::App* table = app.add_subcommand("write", "puts the table into a document");
    table->add_option("document", document)->required();
    table->add_option("results", files)->required();
    CLI11_PARSE(app, count, arguments);
    if (todo->parsed()) return list_todo(wanted, one.build, files);
    return round->parsed() ? hold(one) : write(document, files);
}
