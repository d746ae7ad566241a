// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#ifndef DEFIB_BOOT_APPLIANCE_OPTIONS_H
#define DEFIB_BOOT_APPLIANCE_OPTIONS_H

#include <cstdint>
#include <filesystem>
#include <string>

#include "boot/seal/seal.h"

namespace defib::boot {

enum class Mode : uint8_t { as_the_policy_says, observe };
enum class Until : uint8_t { stopped, self_tested };

struct Options {
    std::string target;           // "host", "vm:FILE"
    std::filesystem::path image;  // or
    std::filesystem::path slots;
    std::filesystem::path state = "/var/lib/defib";
    std::filesystem::path journal = "/var/log/defib/journal";
    std::string machine;    // vendor/model/board; empty: what the firmware says
    std::string metrics;    // where Prometheus scrapes: a port, ADDRESS:PORT; empty: nowhere
    std::string program;    // that is run for each finding; empty: none
    std::string serve;      // where remotes ask: ADDRESS:PORT; empty: nowhere
    std::string serve_key;  // a file: who may act; empty: nobody
    bool serves_memory = false;
    std::string backend = "auto";
    std::string gpu;            // UUID or PCI address; empty: the only one
    uint64_t max_age_days = 0;  // 0: any
    seal::OomScore oom_score = seal::OomScore::lowest;
    Mode mode = Mode::as_the_policy_says;
    Until until = Until::stopped;
};

}  // namespace defib::boot

#endif
