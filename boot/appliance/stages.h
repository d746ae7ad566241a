// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The steps of a start, each with its name, its time, and what it has to say. One that fails says
// what to do as well: the error knows best, and where it does not, the stage does.
#ifndef DEFIB_BOOT_APPLIANCE_STAGES_H
#define DEFIB_BOOT_APPLIANCE_STAGES_H

#include <cstdint>
#include <string>
#include <utility>

#include "boot/appliance/event_log.h"
#include "boot/backend/engine_state.h"

namespace defib::boot {

struct Stage {
    const char* name;
    const char* remedy;  // what to do where it fails
};

namespace stage {

inline constexpr Stage TEST_CRYPTOGRAPHY = {"self-test of cryptography",
                                            "install libsodium again, or take another machine"};
inline constexpr Stage READ_TRUST = {
    "read what this machine trusts",
    "name the folder that defib key trust --first has set up; restore it from this machine's own "
    "copy, or set the machine up anew"};
inline constexpr Stage READ_IMAGE = {
    "read image", "name the vendor's image, or slots that defib image install has filled"};
inline constexpr Stage VERIFY = {"verify", "fetch an image for this machine from its vendor"};
inline constexpr Stage OPEN_TOLD = {
    "open what others are told by",
    "name a free address of this machine, and a program that is there"};
inline constexpr Stage OPEN_REMOTE = {"open what remotes ask",
                                      "name a free address of this machine, and a readable key"};
inline constexpr Stage CLAIM = {
    "claim the processor",
    "say --backend cpu, or fetch an image with an engine for this processor"};
inline constexpr Stage TEST_ENGINE = {"self-test of the engine",
                                      "say --backend cpu, or take another image or machine"};
inline constexpr Stage MAP = {"map", "name the guest's RAM file as vm:FILE, and who may open it"};
inline constexpr Stage FIND_KERNEL = {"find the kernel",
                                      "wait until the target has booted, and start again"};
inline constexpr Stage PROVE_IDENTITY = {"prove its identity",
                                         "fetch an image with the layout of exactly this kernel"};
inline constexpr Stage BIND = {"bind",
                               "fetch an image whose layouts and engine were made together"};
inline constexpr Stage LOAD_POLICY = {
    "load policy", "fetch an image whose policy is for its engine; defib policy check tells more"};
inline constexpr Stage PREPARE_SEAL = {
    "prepare the seal",
    "name a journal in a folder that is there, with room, and start it as the service does"};
inline constexpr Stage START = {"start",
                                "start again; if it goes on, tell the vendor what it said"};
inline constexpr Stage LET_REMOTES_ASK = {"let remotes ask", "start without --serve"};
inline constexpr Stage CONFIRM = {
    "confirm the image", "see that the state folder and the slots can be written, and start again"};
inline constexpr Stage SEAL = {
    "seal", "start it as the service does; if it goes on, tell the vendor what it said"};

}  // namespace stage

class Stages {
  public:
    explicit Stages(const EventLog& log) : log_(&log), started_ns_(now_ns()) {}

    // `step` does one thing and writes into its argument what there is to say about it.
    template <class Step>
    auto run(const Stage& stage, Step step) const -> decltype(step(std::declval<std::string&>())) {
        const uint64_t before = now_ns();
        std::string said;
        auto result = step(said);
        if (result) {
            done(stage, now_ns() - before, said);
        } else {
            failed(stage, result.error());
        }
        return result;
    }

    uint64_t elapsed_ns() const { return now_ns() - started_ns_; }

    void failed(const Stage& stage, Error error) const;

  private:
    void done(const Stage& stage, uint64_t took_ns, const std::string& said) const;

    const EventLog* log_;
    uint64_t started_ns_;
};

}  // namespace defib::boot

#endif
