// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/appliance/event_log.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace defib::boot {
namespace {

struct Row {
    int priority;
    const char* id;
};

constexpr Row ROWS[] = {
#define DEFIB_EVENT_ROW(name, priority, id) {priority, id},
    DEFIB_EVENTS(DEFIB_EVENT_ROW)
#undef DEFIB_EVENT_ROW
};

// Keeps room for an end, so that a cut line is still a line.
class Line {
  public:
    void add(std::string_view text) {
        const size_t count = std::min(text.size(), bytes_.size() - 1 - used_);
        for (const char c : text.substr(0, count)) bytes_[used_++] = c == '\n' ? ' ' : c;
    }
    void end() { bytes_[used_++] = '\n'; }
    void write_to(int fd) const {
        // Nobody could be told that telling failed.
        [[maybe_unused]] const ssize_t written = write(fd, bytes_.data(), used_);
    }

  private:
    std::array<char, 1024> bytes_{};
    size_t used_ = 0;
};

// The journal's own form (systemd: "Native Journal Protocol"): fields, one a line. The message
// comes last: what is cut then is its end.
struct Fields {
    std::array<char, 2048> bytes{};
    size_t used = 0;

    void add(std::string_view name, std::string_view value) {
        if (used + name.size() + value.size() + 2 > bytes.size()) {
            value = value.substr(0, bytes.size() - 2 - used - name.size());
        }
        used += name.copy(bytes.data() + used, name.size());
        bytes[used++] = '=';
        for (const char c : value) bytes[used++] = c == '\n' ? ' ' : c;
        bytes[used++] = '\n';
    }
};

}  // namespace

EventLog EventLog::open() {
    EventLog log;
    // systemd says with it that standard error is its journal (sd_journal_print(3)); elsewhere a
    // person is there to read the lines.
    if (std::getenv("JOURNAL_STREAM") == nullptr) return log;  // NOLINT(concurrency-mt-unsafe)
    UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, "/run/systemd/journal/socket", sizeof address.sun_path - 1);
    if (socket.is_open() &&
        connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        log.journald_ = std::move(socket);
    }
    return log;
}

void EventLog::say(Event event, std::string_view text, std::string_view fault) const {
    const Row& row = ROWS[static_cast<size_t>(event)];
    if (journald_.is_open()) {
        Fields fields;
        const char priority = static_cast<char>('0' + row.priority);
        fields.add("PRIORITY", {&priority, 1});
        fields.add("SYSLOG_IDENTIFIER", "defib-boot");
        fields.add("MESSAGE_ID", row.id);
        if (!fault.empty()) fields.add("DEFIB_FAULT", fault);
        fields.add("MESSAGE", text.substr(0, 1024));
        const ssize_t written = write(journald_.get(), fields.bytes.data(), fields.used);
        if (written == static_cast<ssize_t>(fields.used)) return;
    }
    Line line;
    line.add("defib-boot: ");
    line.add(text);
    line.end();
    line.write_to(STDERR_FILENO);
}

}  // namespace defib::boot
