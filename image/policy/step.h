// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// One step of a chain: a routine and where its arguments come from.
#ifndef DEFIB_IMAGE_POLICY_STEP_H
#define DEFIB_IMAGE_POLICY_STEP_H

#include <string>

#include "engine/abi/policy.h"
#include "image/policy/reader.h"
#include "image/policy/vocabulary.h"

namespace defib::image {

// The greatest number that may be written for it.
uint64_t most_of(const WordArgument& argument);

// One that takes back has no grace: the finding's end is nothing that it could bring.
enum class StepOf : uint8_t { chain, finally };

// Why the routine is off; empty: it is on, or the step is a problem anyway.
std::string read_step(ObjectReader& reader, const Vocabulary& vocabulary, uint32_t victim,
                      StepOf of, DefibPolicyStep& step);

}  // namespace defib::image

#endif
