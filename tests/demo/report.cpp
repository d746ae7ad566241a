// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/demo/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "tests/demo/ecg.h"

namespace defib::demo {
namespace {

constexpr const char* STYLE = R"(
:root { --ink:#d7e3ea; --dim:#7f95a3; --paper:#0b1117; --panel:#111a22; --line:#1d2a35;
        --alive:#39e58c; --flat:#ff5c5c; --fault:#ff5c5c; --found:#ffc247; --written:#4cc9ff; --over:#39e58c; }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink); font:16px/1.55 system-ui,"Segoe UI",Roboto,sans-serif }
main { max-width:1200px; margin:0 auto; padding:44px 40px 80px }
h1 { font-size:40px; line-height:1.1; margin:0 0 8px; letter-spacing:-.5px }
h1 b { color:var(--alive) }
.lead { color:var(--dim); max-width:68ch; margin:0 0 36px; font-size:17px }
h2 { font-size:24px; margin:52px 0 4px }
.what { color:var(--dim); margin:0 0 18px }
.monitor { background:var(--panel); border:1px solid var(--line); border-radius:12px; padding:14px 18px 10px; margin:0 0 12px }
.monitor header { display:flex; justify-content:space-between; font-size:13px; letter-spacing:.08em; text-transform:uppercase; color:var(--dim) }
.monitor header b { color:var(--ink); font-weight:600 }
.monitor header .good { color:var(--alive) } .monitor header .bad { color:var(--flat) }
svg { display:block; width:100%; height:auto; overflow:visible }
.grid { stroke:#18242e; stroke-width:1 } .grid.s { stroke:#22323e }
.tick { fill:var(--dim); font:12px system-ui,sans-serif }
.alive { fill:none; stroke:var(--alive); stroke-width:1.9; stroke-linejoin:round; filter:drop-shadow(0 0 3px rgba(57,229,140,.55)) }
.flat { fill:none; stroke:var(--flat); stroke-width:2; filter:drop-shadow(0 0 3px rgba(255,92,92,.5)) }
.mark line { stroke-width:1.5; stroke-dasharray:4 3 } .mark text { font:600 12.5px system-ui,sans-serif; paint-order:stroke; stroke:#111a22; stroke-width:5px; stroke-linejoin:round }
.fault line { stroke:var(--fault) } .fault text { fill:var(--fault) }
.found line { stroke:var(--found) } .found text { fill:var(--found) }
.written line { stroke:var(--written) } .written text { fill:var(--written) }
.over line { stroke:var(--over) } .over text { fill:var(--over) }
dl { display:grid; grid-template-columns:repeat(auto-fit,minmax(160px,1fr)); gap:12px; margin:14px 0 0 }
dl div { background:var(--panel); border:1px solid var(--line); border-radius:10px; padding:12px 14px }
dt { color:var(--dim); font-size:13px } dd { margin:2px 0 0; font-size:22px; font-weight:600; font-variant-numeric:tabular-nums }
.told { margin:16px 0 0; padding:0; list-style:none } .told li { margin:2px 0 } .told b { color:var(--found); font-weight:600 }
details { margin:12px 0 0; color:var(--dim) } summary { cursor:pointer }
pre { background:#080d12; border:1px solid var(--line); border-radius:8px; padding:12px 14px; overflow-x:auto; color:#a9bcc8;
      font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; margin:10px 0 0 }
table { border-collapse:collapse; width:100%; margin:18px 0 0; font-variant-numeric:tabular-nums }
th { text-align:left; color:var(--dim); font-weight:500; font-size:14px } td,th { padding:10px 14px 10px 0; border-bottom:1px solid var(--line) }
td:not(:first-child), th:not(:first-child) { text-align:right } td.bad { color:var(--flat) } td.good { color:var(--alive) }
footer { color:var(--dim); margin-top:48px; font-size:14px; max-width:80ch }
@media print { body { background:#fff; color:#000 } }
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        switch (letter) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += letter;
        }
    }
    return out;
}

std::string seconds(double value) {
    if (value < 0) return "–";
    if (value < 1) return fmt::format("{:.0f} ms", value * 1000);
    return fmt::format("{:.1f} s", value);
}

std::string between(double from_s, double to_s) {
    return from_s < 0 || to_s < 0 ? "–" : seconds(std::max(0.0, to_s - from_s));
}

// One length for both strips of an episode, so that they can be compared by eye.
Strip strip_of(const Episode& episode) {
    Strip strip;
    strip.from_s = episode.aided.from_s;
    const double to_s = std::max(episode.aided.to_s, episode.unaided.to_s);
    strip.seconds = std::max(1.0, to_s - strip.from_s);
    return strip;
}

std::string grid_of(const Strip& strip) {
    std::string out;
    const double step = strip.seconds > 40 ? 5 : 1;
    for (double at = std::ceil(strip.from_s / step) * step; at <= strip.from_s + strip.seconds;
         at += step) {
        const double x = strip.x_of(at);
        const bool is_labelled = std::fmod(std::abs(at), step * 5) < 1e-9;
        out += fmt::format(R"(<line class="grid{}" x1="{:.1f}" y1="0" x2="{:.1f}" y2="{:.0f}"/>)",
                           is_labelled ? " s" : "", x, x, strip.height);
        if (is_labelled) {
            out += fmt::format(
                R"(<text class="tick" x="{:.1f}" y="{:.0f}" text-anchor="middle">{:.0f} s</text>)",
                x, strip.height + 15, at);
        }
    }
    for (double y = 0; y <= strip.height; y += strip.height / 5) {
        out += fmt::format(R"(<line class="grid" x1="0" y1="{:.1f}" x2="{:.0f}" y2="{:.1f}"/>)", y,
                           strip.width, y);
    }
    return out;
}

struct Mark {
    const char* kind;
    double at_s;
    const char* text;
};

// Each label in a line of its own, so that moments which follow each other closely can be read.
std::string marks_of(const Strip& strip, std::initializer_list<Mark> marks) {
    std::string out;
    double y = 14;
    for (const Mark& mark : marks) {
        if (mark.at_s < strip.from_s) continue;
        const double x = strip.x_of(mark.at_s);
        const bool is_left = x > strip.width * 0.8;
        out += fmt::format(
            R"(<g class="mark {}"><line x1="{:.1f}" y1="{:.0f}" x2="{:.1f}" y2="{:.0f}"/>)"
            R"(<text x="{:.1f}" y="{:.0f}" text-anchor="{}">{} {}</text></g>)",
            mark.kind, x, y - 10, x, strip.height, is_left ? x - 6 : x + 6, y,
            is_left ? "end" : "start", mark.text, mark.at_s == 0 ? "" : "+" + seconds(mark.at_s));
        y += 16;
    }
    return out;
}

std::string monitor(const Strip& strip, const Heart& heart, const std::string& name,
                    const std::string& state, bool is_well, const std::string& marks) {
    const Trace trace = trace_of(heart, strip);
    return fmt::format(
        R"(<div class="monitor"><header><b>{}</b><span class="{}">{}</span></header>)"
        R"(<svg viewBox="-4 -6 {:.0f} {:.0f}" role="img" aria-label="{}">{})"
        R"(<path class="flat" d="{}"/><path class="alive" d="{}"/>{}</svg></div>)",
        escaped(name), is_well ? "good" : "bad", escaped(state), strip.width + 8, strip.height + 26,
        escaped(name), grid_of(strip), trace.flat, trace.alive, marks);
}

std::string numbers_of(const Episode& episode) {
    const auto one = [](const char* name, const std::string& value) {
        return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, value);
    };
    return "<dl>" + one("fault to finding", seconds(episode.found_s)) +
           one("finding to repair", between(episode.found_s, episode.written_s)) +
           one("repair to effect", between(episode.written_s, episode.effect_s)) +
           one("heart stood still for", seconds(episode.aided.longest_gap_s())) + "</dl>";
}

std::string details_of(const Episode& episode) {
    std::string out = "<ul class=\"told\">";
    out += fmt::format("<li><b>Found:</b> {}</li>", escaped(episode.finding));
    out += fmt::format("<li><b>Done:</b> {}</li></ul>", escaped(episode.repair));
    if (!episode.stores.empty()) {
        out += fmt::format(
            "<details open><summary>All that was written into the machine: {} {}</summary><pre>",
            episode.stores.size(), episode.stores.size() == 1 ? "store" : "stores");
        constexpr size_t MOST = 12;
        for (size_t i = 0; i < std::min(MOST, episode.stores.size()); i++) {
            out += escaped(episode.stores[i]) + "\n";
        }
        if (episode.stores.size() > MOST) {
            out += fmt::format("... and {} more of the same\n", episode.stores.size() - MOST);
        }
        out += "</pre></details>";
    }
    out += "<details><summary>What defib said, line by line</summary><pre>";
    for (const Moment& moment : episode.log) {
        out += fmt::format("{:>9.3f} s  {}\n", moment.at_s, escaped(moment.what));
    }
    return out + "</pre></details>";
}

std::string section_of(const Episode& episode) {
    const Strip strip = strip_of(episode);
    const bool is_well = episode.over_s >= 0;
    std::string out = fmt::format("<section><h2>{}</h2><p class=\"what\">{}</p>",
                                  escaped(episode.title), escaped(episode.what));
    out += monitor(strip, episode.aided, "with defib", is_well ? "revived" : "not revived", is_well,
                   marks_of(strip, {{"fault", 0, "fault"},
                                    {"found", episode.found_s, "found"},
                                    {"written", episode.written_s, "written"},
                                    {"over", episode.over_s, "well"}}));
    if (episode.unaided.to_s > episode.unaided.from_s) {
        const bool is_dead = episode.unaided.is_flat_for(1.0);
        out += monitor(strip, episode.unaided, "the same fault, unaided", episode.unaided_says,
                       !is_dead, marks_of(strip, {{"fault", 0, "fault"}}));
    }
    return out + numbers_of(episode) + details_of(episode) + "</section>";
}

std::string table_of(const Story& story) {
    std::string out =
        "<h2>Times</h2><table><tr><th>fault</th><th>found after</th><th>written after</th>"
        "<th>well after</th><th>heart stood still</th><th>unaided</th></tr>";
    for (const Episode& one : story.episodes) {
        out += fmt::format(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"good\">{}</td><td>{}</td>"
            "<td class=\"{}\">{}</td></tr>",
            escaped(one.title), seconds(one.found_s), seconds(one.written_s), seconds(one.over_s),
            seconds(one.aided.longest_gap_s()), one.unaided.is_flat_for(1.0) ? "bad" : "",
            escaped(one.unaided_says.empty() ? "not shown" : one.unaided_says));
    }
    return out + "</table>";
}

}  // namespace

std::string report_of(const Story& story) {
    std::string out =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>defib: "
        "revived</title><style>";
    out += STYLE;
    out += "</style></head><body><main>";
    const auto revived =
        std::ranges::count_if(story.episodes, [](const Episode& one) { return one.over_s >= 0; });
    out += fmt::format("<h1>{} of {} times <b>revived</b></h1>", revived, story.episodes.size());
    out += fmt::format(
        "<p class=\"lead\">A real kernel, {}, on {}. Each fault was made by a program or a kernel "
        "module in it; defib saw it and repaired it from outside, through the machine's memory "
        "alone. The line is the machine's heart: an ordinary process in it that beats fifty times "
        "a "
        "second. Times count from the fault.</p>",
        escaped(story.kernel), escaped(story.machine));
    for (const Episode& episode : story.episodes) out += section_of(episode);
    out += table_of(story);
    out += fmt::format(
        "<footer>Measured while this page was made, in {:.0f} s on an emulated machine (QEMU, "
        "TCG): its clock is not a real machine's. {}</footer></main></body></html>\n",
        story.took_s,
        story.is_on_gpu ? "defib ran on a GPU."
                        : "defib ran as its twin on this processor; on a GPU it is the same "
                          "program.");
    return out;
}

}  // namespace defib::demo
