// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/commands/remote_answers.h"

#include <fmt/format.h>

#include <sstream>

#include "boot/commands/act_request.h"
#include "boot/commands/act_shown.h"
#include "boot/commands/locks_shown.h"
#include "boot/commands/log_shown.h"
#include "boot/commands/ps_shown.h"
#include "boot/commands/remote_raw.h"
#include "boot/commands/stat_shown.h"

namespace defib::boot {
namespace {

using remote::Served;

// Shorter than that of `defib act`: detection goes on, but other remotes wait.
constexpr std::chrono::milliseconds DEADLINE{1000};

Served served(const Result<std::string>& text) {
    if (text) return {DEFIB_REMOTE_DONE, *text};
    return {DEFIB_REMOTE_NOT_DONE, to_line(text.error()) + "\n"};
}

Served served(const Result<nlohmann::ordered_json>& json) {
    if (!json) return served(Result<std::string>(std::unexpected(json.error())));
    return {DEFIB_REMOTE_DONE, json->dump(1) + "\n"};
}

constexpr std::string_view AS_JSON = "json";

Served told_of(Session& session, const RepairRequest& request, const Repair& repair, Tense tense) {
    Served told;
    for (const std::string& line : lines_of(session, request, repair, tense)) {
        told.text += line + "\n";
    }
    const bool is_done = tense == Tense::would ? is_a_plan(repair) : repair.is_done();
    if (!is_done) {
        told.status = DEFIB_REMOTE_NOT_DONE;
        told.text += "not done: " + why_not(session, repair) + "\n";
    } else if (tense == Tense::did) {
        told.text += fmt::format("done: the effect is there after {:.1f} ms\n",
                                 static_cast<double>(repair.took.count()) / 1000);
    }
    return told;
}

// "signal 4711 signal=KILL"; with "json" in front the answer is for a program.
Served act(Session& session, const std::string& text, Tense tense) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    const bool is_json = !words.empty() && words.front() == AS_JSON;
    if (is_json) words.erase(words.begin());
    if (words.empty()) return {DEFIB_REMOTE_NOT_DONE, "no routine was named\n"};
    const auto request = request_repair(session, words.front(), {words.begin() + 1, words.end()});
    if (!request) return served(Result<std::string>(std::unexpected(request.error())));
    const bool is_look = (session.kernel().window.flags & DEFIB_WINDOW_READ_ONLY) != 0;
    if (is_look) tense = Tense::would;
    const auto repair = tense == Tense::would ? plan_repair(session, *request)
                                              : carry_out_repair(session, *request, DEADLINE);
    if (!repair) return served(Result<std::string>(std::unexpected(repair.error())));
    if (!is_json) return told_of(session, *request, *repair, tense);
    const auto json = repair_as_json(session, *request, *repair, tense);
    return {json["done"] == true ? DEFIB_REMOTE_DONE : DEFIB_REMOTE_NOT_DONE, json.dump() + "\n"};
}

class RemoteAnswers {
  public:
    RemoteAnswers(Session& session, const Answering& how) : session_(session), raw_(session, how) {}

    Served to(DefibRemoteKind kind, const std::string& words);

  private:
    Session& session_;
    RemoteRaw raw_;
};

Served RemoteAnswers::to(DefibRemoteKind kind, const std::string& words) {
    const bool is_json = words == AS_JSON;
    switch (kind) {
        case DEFIB_REMOTE_PS:
            return is_json ? served(processes_as_json(session_))
                           : served(processes_as_text(session_));
        case DEFIB_REMOTE_STAT:
            return is_json ? served(statistics_as_json(session_))
                           : served(statistics_as_text(session_));
        case DEFIB_REMOTE_LOCKS:
            return is_json ? served(locks_as_json(session_)) : served(locks_as_text(session_));
        case DEFIB_REMOTE_LOG:
            return is_json ? served(log_as_json(session_)) : served(log_as_text(session_));
        case DEFIB_REMOTE_ACT:
            return act(session_, words, Tense::did);
        case DEFIB_REMOTE_PLAN:
            return act(session_, words, Tense::would);
        case DEFIB_REMOTE_SESSION:
            return raw_.tell_session(words);
        case DEFIB_REMOTE_PICTURE:
            return raw_.take_picture(words);
        case DEFIB_REMOTE_JOURNAL:
            return raw_.tell_journal(words);
        case DEFIB_REMOTE_MEMORY:
            return raw_.read_memory(words);
        case DEFIB_REMOTE_MORE:
        case DEFIB_REMOTE_NO_KIND:
            break;
    }
    return {DEFIB_REMOTE_NOT_DONE, "nothing that is answered here\n"};
}

}  // namespace

remote::Serve answers_of(Session& session, const Answering& how) {
    const auto answers = std::make_shared<RemoteAnswers>(session, how);
    return [answers](DefibRemoteKind kind, const std::string& words) {
        return answers->to(kind, words);
    };
}

}  // namespace defib::boot
