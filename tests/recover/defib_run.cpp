// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/recover/defib_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace defib::recover {
namespace {

// Two readings of one clock lie closer together than this.
constexpr std::chrono::hours ONE_CLOCK{1};

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail(DEFIB_ERROR_BASE_CANNOT_READ, "a pipe", std::strerror(errno));
    }
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// False: its end is closed.
bool take_from(int fd, std::string& text) {
    char bytes[4096];
    const ssize_t count = read(fd, bytes, sizeof bytes);
    if (count > 0) text.append(bytes, static_cast<size_t>(count));
    return count > 0 || (count < 0 && errno == EINTR);
}

}  // namespace

Result<std::unique_ptr<DefibRun>> DefibRun::start(const std::filesystem::path& defib,
                                                  const std::filesystem::path& ram_file,
                                                  std::vector<std::string> more) {
    auto output = make_pipe();
    auto errors = make_pipe();
    if (!output || !errors) return std::unexpected(output ? errors.error() : output.error());
    std::vector<std::string> words = {defib, "run", "--target", "vm:" + ram_file.string(),
                                      "--json"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output->write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors->write.get(), STDERR_FILENO);
    std::unique_ptr<DefibRun> run(new DefibRun);
    const int problem = posix_spawn(&run->pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) {
        run->pid_ = -1;
        return fail(DEFIB_ERROR_BASE_TOOL_MISSING, defib.string(), std::strerror(problem));
    }
    run->output_ = std::move(output->read);
    run->errors_ = std::move(errors->read);
    run->reader_ = std::thread([self = run.get()] { self->read_on(); });
    return run;
}

DefibRun::~DefibRun() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    if (reader_.joinable()) reader_.join();
}

void DefibRun::read_on() {
    std::string line;
    std::string complaints;
    bool has_output = true;
    bool has_errors = true;
    while (has_output || has_errors) {
        pollfd both[] = {{has_output ? output_.get() : -1, POLLIN, 0},
                         {has_errors ? errors_.get() : -1, POLLIN, 0}};
        if (poll(both, 2, -1) < 0) continue;
        if (both[0].revents != 0) has_output = take_from(output_.get(), line);
        if (both[1].revents != 0) has_errors = take_from(errors_.get(), complaints);
        for (size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
            take_line(line.substr(0, end));
            line.erase(0, end + 1);
        }
    }
    const std::lock_guard lock(mutex_);
    error_text_ = complaints;
    has_ended_ = true;
    changed_.notify_all();
}

void DefibRun::take_line(const std::string& line) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return;
    const std::lock_guard lock(mutex_);
    Event event{std::move(json), {}};
    if (event.is("started")) {
        const auto between = lab::Clock::now() - event.at();
        if (std::chrono::abs(between) > ONE_CLOCK) clock_ahead_ = between;
    }
    event.clock_ahead = clock_ahead_;
    events_.push_back(std::move(event));
    changed_.notify_all();
}

bool DefibRun::wait_for(const std::function<bool(const Event&)>& is_wanted,
                        std::chrono::milliseconds within) {
    const auto deadline = lab::Clock::now() + within;
    std::unique_lock lock(mutex_);
    for (size_t at = 0;;) {
        for (; at < events_.size(); at++) {
            if (is_wanted(events_[at])) return true;
        }
        if (has_ended_) return false;
        if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return false;
    }
}

std::vector<Event> DefibRun::events() const {
    const std::lock_guard lock(mutex_);
    return events_;
}

int DefibRun::stop(std::chrono::milliseconds within) {
    if (pid_ > 0) kill(pid_, SIGINT);
    return wait_for_end(within);
}

int DefibRun::wait_for_end(std::chrono::milliseconds within) {
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, within, [this] { return has_ended_; });
        if (!has_ended_) kill(pid_, SIGKILL);
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string DefibRun::errors() const {
    const std::lock_guard lock(mutex_);
    return error_text_;
}

std::string DefibRun::to_text() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const Event& event : events_) {
        text += event.text("text").empty() ? event.json.dump() : event.text("text");
        text += "\n";
    }
    return text + error_text_;
}

}  // namespace defib::recover
