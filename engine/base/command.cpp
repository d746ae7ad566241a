// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "engine/base/command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <new>

#include "engine/base/lost_mapping.h"

namespace defib {
namespace {

int report(const char* program, const Error& error) {
    std::fprintf(stderr, "%s: %s\n", program, to_line(error).c_str());
    return exit_status(error.code);
}

// CLI11 speaks in exceptions and in several lines; ours is one line and exit status 2.
int report_usage(const char* program, const CLI::ParseError& error) {
    std::string text = error.what();
    for (char& c : text) {
        if (c == '\n') c = ' ';
    }
    std::fprintf(stderr, "%s: %s; see %s --help\n", program, text.c_str(), program);
    return DEFIB_EXIT_USAGE;
}

// Output that did not reach its reader (a full disk, a closed pipe) must not end as success.
int finish(const char* program, int status) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    return report(program, Error{DEFIB_ERROR_BASE_CANNOT_WRITE, "standard output", "", ""});
}

}  // namespace

int run_commands(const char* program, const char* about, std::span<const CommandGroup> groups,
                 std::span<const std::span<const Command>> tables, int argc, char** argv) {
    end_cleanly_on_lost_mapping(program);
    CLI::App app(about, program);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    std::map<std::string, CLI::App*> parents{{"", &app}};
    for (const CommandGroup& group : groups) {
        CLI::App* parent = app.add_subcommand(group.name, group.summary);
        parent->require_subcommand(1);
        parents[group.name] = parent;
    }
    Action chosen;
    for (const auto& table : tables) {
        for (const Command& command : table) {
            CLI::App* sub =
                parents.at(command.group)->add_subcommand(command.name, command.summary);
            Action action = command.declare(*sub);
            sub->callback([&chosen, action = std::move(action)] { chosen = action; });
        }
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return finish(program, app.exit(help) == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_USAGE);
    } catch (const CLI::CallForAllHelp& help) {
        return finish(program, app.exit(help) == 0 ? DEFIB_EXIT_DONE : DEFIB_EXIT_USAGE);
    } catch (const CLI::ParseError& error) {
        return report_usage(program, error);
    }
    try {
        const auto status = chosen();
        if (!status) {
            std::fflush(stdout);
            return report(program, status.error());
        }
        return finish(program, *status);
    } catch (const std::bad_alloc&) {
        return report(program, Error{DEFIB_ERROR_BASE_OUT_OF_MEMORY, "", "", ""});
    }
}

bool wants_colour(int fd) {
    const char* no_color = std::getenv("NO_COLOR");
    return (!no_color || *no_color == '\0') && ::isatty(fd) != 0;
}

}  // namespace defib
