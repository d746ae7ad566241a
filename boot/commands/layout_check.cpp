// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/layout_check.h"

#include <fmt/format.h>

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "boot/binder/bind.h"
#include "boot/session/session.h"
#include "layouts/check.h"
#include "layouts/commands/load.h"
#include "layouts/show.h"

namespace defib::boot {
namespace {

using layouts::Layout;
using layouts::LayoutReport;

struct Arguments {
    std::string layout;
    bool is_json = false;
};

// A detector, routine or view, and whether it would be on with this layout.
struct Routine {
    std::string kind;
    std::string name;
    std::string why_off;  // empty: it is on
};

// Where symbols are is not known before a kernel runs, and does not decide what binds. Nor is there
// scratch memory: it is lent as one range, so that nothing is off for the lack of it.
struct Routines {
    std::vector<Routine> all;
    std::string why_none;  // another architecture's layout binds to nothing
};

Result<Routines> routines_with(const Layout& layout) {
    const auto manifest = read_manifest(routine_set().manifest, "the manifest of the routines");
    if (!manifest) return std::unexpected(manifest.error());
    const auto bound = bind(*manifest, layout, 0, Scratch{.address = 4096, .size = 4096});
    if (!bound) return Routines{{}, bound.error().detail};
    Routines routines;
    for (size_t i = 0; i < manifest->routines.size(); i++) {
        const RoutineEntry& entry = manifest->routines[i];
        routines.all.push_back({entry.kind, entry.name, bound->routines[i].why_off});
    }
    return routines;
}

void print_json(const Layout& layout, const LayoutReport& report, const Routines& routines) {
    nlohmann::ordered_json json;
    json["kernel"] = layouts::kernel_line(layout.kernel);
    json["well_formed"] = report.is_well_formed();
    json["identified"] = report.is_identified;
    json["may_act"] = report.may_act();
    json["faults"] = report.faults;
    json["absent_constants"] = report.absent_constants;
    json["absent"] = report.absent;
    json["why_nothing_binds"] = routines.why_none;
    json["routines"] = nlohmann::ordered_json::array();
    for (const Routine& one : routines.all) {
        json["routines"].push_back({{"kind", one.kind},
                                    {"name", one.name},
                                    {"binds", one.why_off.empty()},
                                    {"why_off", one.why_off}});
    }
    fmt::print("{}\n", json.dump(1));
}

void print_routines(const Routines& routines) {
    if (!routines.why_none.empty()) fmt::print("off          all: {}\n", routines.why_none);
    std::map<std::string, std::vector<std::string>> on;
    for (const Routine& one : routines.all) {
        if (one.why_off.empty()) on[one.kind].push_back(one.name);
    }
    for (const auto& [kind, names] : on)
        fmt::print("binds        {} {}\n", kind, fmt::join(names, " "));
    for (const Routine& one : routines.all) {
        if (one.why_off.empty()) continue;
        fmt::print("off          {} {}: {}\n", one.kind, one.name, one.why_off);
    }
}

void print_text(const Layout& layout, const LayoutReport& report, const Routines& routines) {
    fmt::print("kernel       {}\n", layouts::kernel_line(layout.kernel));
    if (!report.is_identified) {
        fmt::print("identity     absent: no start can prove that this layout is the kernel's\n");
    }
    fmt::print("well-formed  {}\n", report.is_well_formed() ? "yes" : "no");
    for (const std::string& fault : report.faults) fmt::print("             {}\n", fault);
    if (!report.absent_constants.empty()) {
        fmt::print("constants    absent: {}\n", fmt::join(report.absent_constants, " "));
    }
    if (!report.absent.empty()) {
        fmt::print("not there    {}\n", fmt::join(report.absent, " "));
    }
    print_routines(routines);
    fmt::print("{}\n", report.may_act()                  ? "usable: to look and to act"
                       : report.absent_constants.empty() ? "nothing may act with this layout"
                                                         : "constants absent: nothing may act "
                                                           "with this layout");
}

Result<int> check(const Arguments& arguments) {
    const auto layout = layouts::load_layout(arguments.layout);
    if (!layout) return std::unexpected(layout.error());
    const LayoutReport report = layouts::check_layout(*layout, layouts::wanted_by_default());
    const auto routines = routines_with(*layout);
    if (!routines) return std::unexpected(routines.error());
    if (arguments.is_json) {
        print_json(*layout, report, *routines);
    } else {
        print_text(*layout, report, *routines);
    }
    return report.may_act() ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace

Action declare_layout_check(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("LAYOUT", arguments->layout, "a layout file")->required();
    options.add_flag("--json", arguments->is_json, "for machines");
    return [arguments] { return check(*arguments); };
}

}  // namespace defib::boot
