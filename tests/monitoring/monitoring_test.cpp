// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Debian's Prometheus and Alertmanager beside several guards: two of one guest, one of another. A
// fault in the first is an alert of its two guards, with the rules that are shipped.
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "engine/base/tcp.h"
#include "tests/boot/appliance_under_test.h"
#include "tests/faults/inject.h"
#include "tests/recover/defib_run.h"

namespace defib::boot {
namespace {

using lab::Guest;
using lab::GuestUnderTest;
using nlohmann::json;
using recover::DefibRun;
using recover::Event;

std::string here(int port) {
    return "127.0.0.1:" + std::to_string(port);
}

// The body of an answer; empty: there was none.
std::string get(int port, const std::string& path) {
    const auto socket = connect_tcp(here(port), 20);
    if (!socket) return {};
    const std::string request = "GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n";
    send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL);
    std::string all;
    char bytes[4096];
    for (ssize_t count = 0; (count = recv(socket->get(), bytes, sizeof bytes, 0)) > 0;) {
        all.append(bytes, static_cast<size_t>(count));
    }
    const size_t head = all.find("\r\n\r\n");
    return head == std::string::npos ? std::string() : all.substr(head + 4);
}

// The value of a line; nothing: there is none.
std::optional<double> value_of(const std::string& text, const std::string& series) {
    const size_t at = ("\n" + text).find("\n" + series + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::strtod(text.c_str() + at + series.size(), nullptr);
}

template <class Until>
bool comes_true(Until until) {
    const auto deadline = lab::Clock::now() + 2 * Guest::PATIENCE;
    while (lab::Clock::now() < deadline) {
        if (until()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return false;
}

class Monitoring : public ApplianceUnderTest {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists("/usr/bin/prometheus") ||
            !std::filesystem::exists("/usr/bin/prometheus-alertmanager")) {
            GTEST_SKIP() << "no prometheus or prometheus-alertmanager";
        }
        ApplianceUnderTest::SetUp();
    }

    static int port(int which) { return 20000 + getpid() % 5000 * 8 + which; }

    std::string write(const std::string& name, const std::string& text) const {
        const auto path = folder_ / name;
        std::ofstream(path) << text;
        return path.string();
    }

    std::unique_ptr<Boot> start_alertmanager() const {
        return std::make_unique<Boot>(
            std::vector<std::string>{
                "--config.file=" +
                    write("alertmanager.yml",
                          "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"),
                "--storage.path=" + (folder_ / "alerts").string(), "--cluster.listen-address=",
                "--web.listen-address=" + here(port(4)), "--log.level=warn"},
            "/usr/bin/prometheus-alertmanager");
    }

    std::unique_ptr<Boot> start_prometheus() const {
        const std::string config =
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: ['" DEFIB_MONITORING
            "/defib.rules.yml']\n"
            "alerting: {alertmanagers: [{static_configs: [{targets: ['" +
            here(port(4)) +
            "']}]}]}\nscrape_configs: [{job_name: defib, static_configs: " + "[{targets: ['" +
            here(port(0)) + "', '" + here(port(1)) + "', '" + here(port(2)) + "']}]}]\n";
        return std::make_unique<Boot>(
            std::vector<std::string>{"--config.file=" + write("prometheus.yml", config),
                                     "--storage.tsdb.path=" + (folder_ / "series").string(),
                                     "--web.listen-address=" + here(port(3)), "--log.level=warn"},
            "/usr/bin/prometheus");
    }

    // The guards for which Alertmanager has that alert.
    static std::vector<std::string> who_alerts(const std::string& alert, const std::string& fault) {
        const json all = json::parse(get(port(4), "/api/v2/alerts"), nullptr, false);
        std::vector<std::string> instances;
        if (!all.is_array()) return instances;
        for (const json& one : all) {
            const json& labels = one["labels"];
            if (labels.value("alertname", "") != alert || labels.value("fault", "") != fault) {
                continue;
            }
            instances.push_back(labels.value("instance", ""));
        }
        std::ranges::sort(instances);
        return instances;
    }
};

std::unique_ptr<DefibRun> guard(const std::filesystem::path& ram, std::vector<std::string> more) {
    auto run = DefibRun::start(DEFIB_PROGRAM, ram, std::move(more));
    EXPECT_TRUE(ok(run));
    if (!run) return nullptr;
    EXPECT_TRUE(
        (*run)->wait_for([](const Event& event) { return event.is("started"); }, Guest::PATIENCE))
        << (*run)->to_text();
    return std::move(*run);
}

TEST_F(Monitoring, AFaultIsAnAlertOfThoseWhoGuardThatGuest) {
    const auto& fault = *faults::find("f1a");
    GuestUnderTest sick(faults::guest_for(fault, "6.12"));
    GuestUnderTest well({.kernel = "6.1"});
    ASSERT_TRUE(sick.is_up() && well.is_up());
    const std::string told = (folder_ / "told").string();
    const std::string program = write("teller", "#!/bin/sh\ncat >>" + told + "\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);

    auto boot_arguments = arguments(sick->ram_file());
    for (const std::string& word :
         {std::string("--metrics"), std::to_string(port(0)), std::string("--exec"), program}) {
        boot_arguments.push_back(word);
    }
    Boot boot(boot_arguments);
    ASSERT_NE(boot.wait_for("armed"), "") << boot.said();
    const auto observer =
        guard(sick->ram_file(), {"--dry-run", "--metrics", std::to_string(port(1))});
    const auto other = guard(well->ram_file(), {"--metrics", here(port(2))});
    ASSERT_TRUE(observer && other);
    const auto alertmanager = start_alertmanager();
    const auto prometheus = start_prometheus();
    ASSERT_TRUE(comes_true([] {
        const json up = json::parse(get(port(3), "/api/v1/query?query=sum(up)"), nullptr, false);
        return up.is_object() && up.value("/data/result/0/value/1"_json_pointer, "") == "3";
    })) << "three guards are scraped";
    EXPECT_TRUE(who_alerts("DefibFaultFound", "spinlock_leaked").empty());

    const auto injection = faults::inject(*sick, fault);
    ASSERT_TRUE(ok(injection));
    const std::vector<std::string> both = {here(port(0)), here(port(1))};
    EXPECT_TRUE(comes_true([&] {
        return who_alerts("DefibFaultFound", "spinlock_leaked") == both;
    })) << get(port(4), "/api/v2/alerts")
        << observer->to_text();

    ASSERT_TRUE(comes_true([&] {
        const auto text = get(port(0), "/metrics");
        return value_of(text,
                        "defib_findings_over_total{fault=\"spinlock_leaked\",by=\"repair\"}") >= 1;
    })) << get(port(0), "/metrics");
    const std::string acted = get(port(0), "/metrics");
    const std::string observed = get(port(1), "/metrics");
    const std::string healthy = get(port(2), "/metrics");
    EXPECT_GT(value_of(acted, "defib_commits_total"), 0);
    EXPECT_GT(value_of(acted, "defib_effects_total{outcome=\"seen\"}"), 0);
    EXPECT_GT(value_of(acted, "defib_engine_reads_total"), 0);
    EXPECT_EQ(value_of(observed, "defib_commits_total"), 0);
    EXPECT_EQ(value_of(healthy, "defib_findings_total{fault=\"spinlock_leaked\"}"), 0);
    for (const std::string& text : {acted, observed, healthy}) {
        const auto checked = lab::run_host_program(
            {"/bin/sh", "-c", "promtool check metrics <" + write("exposition", text)});
        EXPECT_TRUE(ok(checked)) << text;
    }
    EXPECT_TRUE(comes_true([&] {
        std::ifstream file(told);
        for (std::string line; std::getline(file, line);) {
            const json notice = json::parse(line, nullptr, false);
            if (notice.value("event", "") == "found" &&
                notice.value("fault", "") == "spinlock_leaked") {
                return true;
            }
        }
        return false;
    })) << "the program was told";

    kill(boot.pid(), SIGTERM);
    EXPECT_EQ(boot.exit_status(), DEFIB_EXIT_DONE) << boot.said();
    EXPECT_TRUE(boot.said().contains("spinlock_leaked: CPUs spin for a lock that nobody holds"))
        << boot.said();
    EXPECT_EQ(observer->stop(Guest::PATIENCE), 0) << observer->to_text();
    EXPECT_EQ(other->stop(Guest::PATIENCE), 0) << other->to_text();
}

}  // namespace
}  // namespace defib::boot
