// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "layouts/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "layouts/commands/check.h"
#include "layouts/commands/load.h"
#include "layouts/show.h"

namespace defib::layouts {
namespace {

struct Arguments {
    std::string layout;
    bool is_json = false;
};

void print_json(const Layout& layout, const LayoutReport& report) {
    nlohmann::ordered_json json;
    json["kernel"] = kernel_line(layout.kernel);
    json["well_formed"] = report.is_well_formed();
    json["identified"] = report.is_identified;
    json["may_act"] = report.may_act();
    json["faults"] = report.faults;
    json["absent_constants"] = report.absent_constants;
    json["absent"] = report.absent;
    fmt::print("{}\n", json.dump(1));
}

void print_text(const Layout& layout, const LayoutReport& report) {
    fmt::print("kernel       {}\n", kernel_line(layout.kernel));
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
    fmt::print("{}\n", report.may_act()                  ? "usable: to look and to act"
                       : report.absent_constants.empty() ? "nothing may act with this layout"
                                                         : "constants absent: nothing may act "
                                                           "with this layout");
}

Result<int> check(const Arguments& arguments) {
    const auto layout = load_layout(arguments.layout);
    if (!layout) return std::unexpected(layout.error());
    const LayoutReport report = check_layout(*layout, wanted_by_default());
    if (arguments.is_json) {
        print_json(*layout, report);
    } else {
        print_text(*layout, report);
    }
    return report.may_act() ? DEFIB_EXIT_DONE : DEFIB_EXIT_NO;
}

}  // namespace

Action declare_check(CLI::App& options) {
    auto arguments = std::make_shared<Arguments>();
    options.add_option("LAYOUT", arguments->layout, "a layout file")->required();
    options.add_flag("--json", arguments->is_json, "for machines");
    return [arguments] { return check(*arguments); };
}

}  // namespace defib::layouts
