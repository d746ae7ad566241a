// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/metrics/http.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace defib::boot::metrics {
namespace {

constexpr std::string_view LINE_END = "\r\n";
constexpr std::string_view HEAD_END = "\r\n\r\n";
constexpr const char* PAGE = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* PLAIN = "text/plain; charset=utf-8";

struct Status {
    const char* line;
    std::string_view text;
};

Status status_of(Wanted wanted) {
    switch (wanted) {
        case Wanted::nothing:
            return {"404 Not Found", "only /metrics is here\n"};
        case Wanted::too_large:
            return {"431 Request Header Fields Too Large", "more than a scrape needs\n"};
        case Wanted::method:
            return {"405 Method Not Allowed", "GET and HEAD are answered\n"};
        default:
            return {"400 Bad Request", "not a request\n"};
    }
}

// "/metrics", "/metrics?x=y".
bool is_metrics(std::string_view target) {
    return target.substr(0, target.find('?')) == "/metrics";
}

bool is_target(std::string_view target) {
    return target.starts_with('/') &&
           std::ranges::all_of(target, [](char c) { return c > ' ' && c <= '~'; });
}

// "name: value"; no folded lines, no space before the colon: RFC 9112, section 5.
bool is_field(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    return std::ranges::all_of(line.substr(0, colon), [](char c) { return c > ' ' && c <= '~'; });
}

bool are_fields(std::string_view lines) {
    while (!lines.empty()) {
        const size_t end = lines.find(LINE_END);
        if (!is_field(lines.substr(0, end))) return false;
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + LINE_END.size());
    }
    return true;
}

Request parse_head(std::string_view head) {
    const size_t end = std::min(head.find(LINE_END), head.size());
    const std::string_view line = head.substr(0, end);
    const size_t first = line.find(' ');
    const size_t second = line.rfind(' ');
    if (first == std::string_view::npos || first == second) return {Wanted::malformed};
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    const std::string_view version = line.substr(second + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return {Wanted::malformed};
    if (!is_target(target)) return {Wanted::malformed};
    head.remove_prefix(end == head.size() ? end : end + LINE_END.size());
    if (!are_fields(head)) return {Wanted::malformed};
    if (method != "GET" && method != "HEAD") return {Wanted::method};
    return {is_metrics(target) ? Wanted::metrics : Wanted::nothing, method == "HEAD"};
}

}  // namespace

Request parse(std::string_view bytes) {
    const size_t end = bytes.find(HEAD_END);
    if (end != std::string_view::npos) return parse_head(bytes.substr(0, end));
    return {bytes.size() >= MOST_REQUEST ? Wanted::too_large : Wanted::more};
}

void Exchange::start() {
    has_ = 0;
    used_ = 0;
    sent_ = 0;
}

void Exchange::take(std::span<const char> bytes, const Page& page) {
    if (is_answered()) return;
    const size_t size = std::min(bytes.size(), input_.size() - has_);
    std::ranges::copy(bytes.first(size), input_.begin() + static_cast<long>(has_));
    has_ += size;
    const Request request = parse({input_.data(), has_});
    if (request.wanted != Wanted::more) answer(request, page);
}

void Exchange::answer(const Request& request, const Page& page) {
    Status status = status_of(request.wanted);
    const char* type = PLAIN;
    // The page goes where it will stand; its length is part of what comes before it.
    const std::span<char> room = std::span(answer_).subspan(MOST_HEAD);
    if (request.wanted == Wanted::metrics) {
        const std::string_view text = page(room);
        status = text.empty() ? Status{"500 Internal Server Error", "more than there is room for\n"}
                              : Status{"200 OK", text};
        if (!text.empty()) type = PAGE;
    }
    const int head = std::snprintf(answer_.data(), MOST_HEAD,
                                   "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                                   "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                                   status.line, type, status.text.size());
    used_ = static_cast<size_t>(std::max(head, 0));
    if (request.is_head) return;
    std::memmove(answer_.data() + used_, status.text.data(), status.text.size());
    used_ += status.text.size();
}

}  // namespace defib::boot::metrics
