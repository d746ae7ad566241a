// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/backend/cuda/gpu_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace defib::boot::cuda {
namespace {

constexpr const char* NAME = "the GPU's process";
constexpr uint64_t MOST_TO_STAND_NS = 10'000'000'000;
constexpr timespec MOMENT = {0, 200'000};

template <size_t ROOM>
void put(char (&room)[ROOM], const std::string& text) {
    const size_t size = std::min(text.size(), ROOM - 1);
    std::memcpy(room, text.data(), size);
    room[size] = 0;
}

}  // namespace

enum class Step : uint32_t { claim, self_test, launch };

struct GpuProcess::Order {
    Step step = Step::claim;
    FoundTarget found;
};

// One message, so that there is no half of one.
struct GpuProcess::Answer {
    ErrorCode code = DEFIB_ERROR_NONE;
    bool pins_read_only = false;
    char object[512];  // of an error, or what there is to say
    char detail[2048];
    char advice[512];
};

int GpuProcess::serve(const GpuSetup& setup, int line) {
    // What the other process had open is not for a driver.
    close_all_but(line);
    GpuHost host(setup);
    for (;;) {
        Order order;
        if (recv(line, &order, sizeof order, 0) != sizeof order) return 0;
        Result<std::string> said;
        switch (order.step) {
            case Step::claim:
                said = host.claim();
                break;
            case Step::self_test:
                said = host.self_test();
                break;
            case Step::launch:
                said = host.launch(order.found);
                break;
        }
        Answer answer{};
        if (said) {
            put(answer.object, *said);
            answer.pins_read_only = host.pins_read_only();
        } else {
            answer.code = said.error().code;
            put(answer.object, said.error().object);
            put(answer.detail, said.error().detail);
            put(answer.advice, said.error().advice);
        }
        send(line, &answer, sizeof answer, MSG_NOSIGNAL);
        if (order.step == Step::launch && said) break;
    }
    close(line);
    GpuHost::stand_still();
    return EXIT_NOT_SEALED;
}

Result<GpuProcess> GpuProcess::start(const GpuSetup& setup) {
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, NAME, std::strerror(errno));
    }
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    auto child = Child::start(NAME, [&] { return serve(setup, theirs.get()); });
    if (!child) return std::unexpected(child.error());
    return GpuProcess(std::move(*child), std::move(ours));
}

Result<std::string> GpuProcess::ask(const Order& order) {
    Answer answer{};
    if (send(line_.get(), &order, sizeof order, MSG_NOSIGNAL) != sizeof order) return died();
    ssize_t size = -1;
    do {
        size = recv(line_.get(), &answer, sizeof answer, 0);
    } while (size < 0 && errno == EINTR);
    if (size != sizeof answer) return died();
    if (answer.code != DEFIB_ERROR_NONE) {
        return fail(answer.code, answer.object, answer.detail, answer.advice);
    }
    pins_read_only_ = answer.pins_read_only;
    return answer.object;
}

Result<std::string> GpuProcess::claim() {
    return ask({.step = Step::claim, .found = {}});
}

Result<std::string> GpuProcess::self_test() {
    return ask({.step = Step::self_test, .found = {}});
}

Result<std::string> GpuProcess::launch(Access access, const Target& target) {
    const Bytes memory = target.memory().bytes();
    auto said = ask({.step = Step::launch,
                     .found = {.access = access,
                               .origin = target.memory().origin(),
                               .start = reinterpret_cast<uint64_t>(memory.data()),
                               .size = memory.size()}});
    if (!said) return said;
    if (auto stands = wait_until_it_stands(); !stands) return std::unexpected(stands.error());
    return said;
}

Result<void> GpuProcess::wait_until_it_stands() {
    const uint64_t deadline = now_ns() + MOST_TO_STAND_NS;
    for (;;) {
        siginfo_t how = {};
        const auto id = static_cast<id_t>(child_.pidfd());
        if (waitid(P_PIDFD, id, &how, WSTOPPED | WEXITED | WNOHANG | WNOWAIT) != 0) return died();
        if (how.si_pid != 0) {
            if (how.si_code == CLD_STOPPED) return {};
            return died();
        }
        if (now_ns() > deadline) {
            return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, NAME, "it does not stop");
        }
        clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
    }
}

std::unexpected<Error> GpuProcess::died() {
    // Its end of the line is closed a moment before it is gone.
    const uint64_t deadline = now_ns() + MOST_TO_STAND_NS;
    for (;;) {
        if (auto how = child_.how_it_ended()) return std::unexpected(std::move(*how));
        if (now_ns() > deadline) break;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &MOMENT, nullptr);
    }
    return fail(DEFIB_ERROR_APPLIANCE_ENGINE_DIED, NAME, "it does not answer");
}

}  // namespace defib::boot::cuda
