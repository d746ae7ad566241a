// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What all views have in common that show something: the frame of an answer, and its doubts.
#ifndef DEFIB_BOOT_COMMANDS_SHOWN_H
#define DEFIB_BOOT_COMMANDS_SHOWN_H

#include <nlohmann/json.hpp>
#include <string>

#include "boot/session/session.h"

namespace defib::boot {

// The frame of every JSON answer: whose it is.
nlohmann::ordered_json json_of(const Session& session);

// What every view has to say of itself: how much it could not read. Empty: nothing.
std::string doubts_of(const DefibAnswer& answer);

void print_json(const nlohmann::ordered_json& json);

// "out of fuel", for people.
std::string death_name(uint32_t death);

}  // namespace defib::boot

#endif
