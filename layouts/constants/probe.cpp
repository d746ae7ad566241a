// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The trick is the kernel's own (include/linux/kbuild.h, which makes asm-offsets.h): an inline
// assembly statement with the constant as an immediate operand appears in the assembly as text.
// Nothing is assembled, linked or run, so a kernel of another architecture costs the same.
//
// Each question stands in a file name of its own, by #line: an error names the constant that it is
// about, and the others keep their answers in the next run.
#include "layouts/constants/probe.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

namespace defib::layouts {
namespace {

constexpr const char* HEADERS[] = {
#include "layouts/constants/kernel_headers.inc"
};

constexpr std::string_view QUESTION = "defib-constant-";
constexpr std::string_view ANSWER = "defib-answer:";

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name_part(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        visit(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

std::string_view leading_identifier(std::string_view text) {
    const auto* end = std::ranges::find_if_not(text, is_name_part);
    return text.substr(0, static_cast<size_t>(end - text.begin()));
}

// # 81 "include/linux/sched.h" 1 3
std::optional<std::string_view> line_marker(std::string_view line) {
    if (!line.starts_with("# ")) return {};
    const size_t open = line.find('"');
    const size_t close = line.rfind('"');
    if (open == std::string_view::npos || close <= open) return {};
    return line.substr(open + 1, close - open - 1);
}

template <class Number>
std::optional<Number> number_after(std::string_view& text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return {};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
}

}  // namespace

bool is_identifier(std::string_view name) {
    return !name.empty() && is_name_start(name.front()) && std::ranges::all_of(name, is_name_part);
}

std::string include_text() {
    std::string text;
    for (const std::string header : HEADERS) {
        text.append("#if __has_include(<").append(header).append(">)\n");
        text.append("#include <").append(header).append(">\n#endif\n");
    }
    return text;
}

std::string question_text(std::span<const std::string> names) {
    std::string text = include_text() + "void defib_questions(void) {\n";
    for (size_t i = 0; i < names.size(); ++i) {
        const std::string number = std::to_string(i);
        text.append("#line 1 \"").append(QUESTION).append(number).append("\"\n");
        text.append("__asm__ volatile(\".ascii \\\"").append(ANSWER).append(number);
        text.append(":%c0\\\"\" :: \"i\"((long long)(").append(names[i]).append(")));\n");
    }
    return text + "}\n";
}

std::map<std::string, std::string, std::less<>> find_definitions(
    std::string_view preprocessed, const std::set<std::string, std::less<>>& wanted) {
    std::map<std::string, std::string, std::less<>> found;
    std::string_view file;
    for_each_line(preprocessed, [&](std::string_view line) {
        if (const auto marker = line_marker(line)) {
            file = *marker;
            return;
        }
        constexpr std::string_view define = "#define ";
        if (line.starts_with(define)) {
            line.remove_prefix(define.size());
            const std::string_view name = leading_identifier(line);
            const bool takes_arguments = line.substr(name.size()).starts_with("(");
            if (!takes_arguments && wanted.contains(name)) found[std::string(name)] = file;
            return;
        }
        if (line.starts_with('#')) return;
        while (!line.empty()) {
            if (!is_name_part(line.front())) {
                line.remove_prefix(1);
                continue;
            }
            const std::string_view word = leading_identifier(line);
            if (wanted.contains(word)) found.try_emplace(std::string(word), file);
            line.remove_prefix(word.size());
        }
    });
    return found;
}

std::map<std::string, int64_t> read_answers(std::string_view assembly,
                                            std::span<const std::string> names) {
    std::map<std::string, int64_t> answers;
    for_each_line(assembly, [&](std::string_view line) {
        const size_t at = line.find(ANSWER);
        if (at == std::string_view::npos) return;
        line.remove_prefix(at + ANSWER.size());
        const auto index = number_after<size_t>(line);
        if (!index || *index >= names.size() || !line.starts_with(':')) return;
        line.remove_prefix(1);
        if (const auto value = number_after<int64_t>(line)) answers[names[*index]] = *value;
    });
    return answers;
}

std::set<std::string> refused_names(std::string_view errors, std::span<const std::string> names) {
    std::set<std::string> refused;
    for_each_line(errors, [&](std::string_view line) {
        if (!line.starts_with(QUESTION) || line.find(": error: ") == std::string_view::npos) return;
        line.remove_prefix(QUESTION.size());
        const auto index = number_after<size_t>(line);
        if (index && *index < names.size()) refused.insert(names[*index]);
    });
    return refused;
}

std::string first_header_error(std::string_view errors) {
    std::string first;
    for_each_line(errors, [&](std::string_view line) {
        if (!first.empty() || line.starts_with(QUESTION)) return;
        if (line.find("error: ") != std::string_view::npos) first = line;
    });
    return first;
}

}  // namespace defib::layouts
