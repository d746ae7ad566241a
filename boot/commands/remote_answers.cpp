// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_answers.h"

#include <fmt/format.h>

#include <sstream>

#include "boot/commands/act_request.h"
#include "boot/commands/locks_shown.h"
#include "boot/commands/log_shown.h"
#include "boot/commands/ps_shown.h"
#include "boot/commands/stat_shown.h"

namespace defib::boot {
namespace {

using remote::Served;

// Shorter than the console's: detection goes on, but other remotes wait.
constexpr std::chrono::milliseconds DEADLINE{1000};

Served served(const Result<std::string>& text) {
    if (text) return {DEFIB_REMOTE_DONE, *text};
    return {DEFIB_REMOTE_NOT_DONE, to_line(text.error()) + "\n"};
}

Served served(const Result<nlohmann::ordered_json>& json) {
    if (!json) return served(Result<std::string>(std::unexpected(json.error())));
    return {DEFIB_REMOTE_DONE, json->dump(1) + "\n"};
}

Served act(Session& session, const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty()) return {DEFIB_REMOTE_NOT_DONE, "no routine was named\n"};
    const auto request = request_repair(session, words.front(), {words.begin() + 1, words.end()});
    if (!request) return served(Result<std::string>(std::unexpected(request.error())));
    const bool is_dry = (session.kernel().window.flags & DEFIB_WINDOW_READ_ONLY) != 0;
    const auto repair =
        is_dry ? plan_repair(session, *request) : carry_out_repair(session, *request, DEADLINE);
    if (!repair) return served(Result<std::string>(std::unexpected(repair.error())));
    Served told;
    const Tense tense = is_dry ? Tense::would : Tense::did;
    for (const std::string& line : lines_of(session, *request, *repair, tense)) {
        told.text += line + "\n";
    }
    told.status = (is_dry ? is_a_plan(*repair) : repair->is_done()) ? DEFIB_REMOTE_DONE
                                                                    : DEFIB_REMOTE_NOT_DONE;
    if (told.status == DEFIB_REMOTE_NOT_DONE) {
        told.text += "not done: " + why_not(session, *repair) + "\n";
    } else if (!is_dry) {
        told.text += fmt::format("done: the effect is there after {:.1f} ms\n",
                                 static_cast<double>(repair->took.count()) / 1000);
    }
    return told;
}

Served answer(Session& session, DefibRemoteKind kind, const std::string& words) {
    const bool is_json = words == "json";
    switch (kind) {
        case DEFIB_REMOTE_PS:
            return is_json ? served(processes_as_json(session))
                           : served(processes_as_text(session));
        case DEFIB_REMOTE_STAT:
            return is_json ? served(statistics_as_json(session))
                           : served(statistics_as_text(session));
        case DEFIB_REMOTE_LOCKS:
            return is_json ? served(locks_as_json(session)) : served(locks_as_text(session));
        case DEFIB_REMOTE_LOG:
            return is_json ? served(log_as_json(session)) : served(log_as_text(session));
        case DEFIB_REMOTE_ACT:
            return act(session, words);
        case DEFIB_REMOTE_MORE:
        case DEFIB_REMOTE_NO_KIND:
            break;
    }
    return {DEFIB_REMOTE_NOT_DONE, "nothing that is answered here\n"};
}

}  // namespace

remote::Serve answers_of(Session& session) {
    return [&session](DefibRemoteKind kind, const std::string& words) {
        return answer(session, kind, words);
    };
}

}  // namespace defib::boot
