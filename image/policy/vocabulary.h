// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The words that a policy may use: what the manifest offers, and what of it a kernel's layout
// cannot bind. Whoever has manifest and binding fills it (boot); the policy compiler needs neither.
#ifndef DEFIB_IMAGE_POLICY_VOCABULARY_H
#define DEFIB_IMAGE_POLICY_VOCABULARY_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace defib::image {

struct WordArgument {
    std::string name;
    uint64_t width = 8;  // bytes
    bool is_signed = false;
};

// Whom a finding of this fault names.
enum class Names { NOBODY, WHO, WHO_GROWS };

struct KnownFault {
    uint32_t number = 0;
    Names names = Names::WHO_GROWS;
};

struct Word {
    std::string name;
    uint32_t number = 0;
    uint32_t period_ms = 0;  // of a detector
    std::vector<WordArgument> arguments;
    std::string why_off;                  // empty: it is on, as far as is known
    std::vector<KnownFault> faults = {};  // what a detector reports; empty: not known
};

struct Vocabulary {
    std::vector<Word> detectors;
    std::vector<Word> routines;
    uint32_t cgroup_view = ~0U;    // the view of cgroups' paths; ~0: there is none
    uint64_t manifest_digest = 0;  // see digest.h
};

}  // namespace defib::image

#endif
