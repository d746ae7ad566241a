// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
#include "boot/session/vocabulary.h"

#include "engine/detectors/faults.h"
#include "image/policy/digest.h"

namespace defib::boot {

image::Vocabulary vocabulary_of(const Manifest& manifest, std::string_view manifest_text,
                                const Bound* bound) {
    image::Vocabulary words;
    words.manifest_digest = image::digest_of_manifest(manifest_text);
    words.cgroup_view = manifest.number_of("cgroup_path").value_or(~0U);
    for (uint32_t number = 0; number < manifest.routines.size(); number++) {
        const RoutineEntry& entry = manifest.routines[number];
        image::Word word;
        word.name = entry.name;
        word.number = number;
        word.period_ms = static_cast<uint32_t>(entry.period_ms);
        for (const Argument& argument : manifest.given_arguments(entry)) {
            word.arguments.push_back({argument.name, argument.width, argument.is_signed});
        }
        if (bound != nullptr) word.why_off = bound->routines[number].why_off;
#define DEFIB_DETECTOR_FAULT(detector, fault, named) \
    if (entry.name == #detector) word.faults.push_back({DEFIB_FAULT_##fault, image::Names::named});
        DEFIB_DETECTOR_FAULTS(DEFIB_DETECTOR_FAULT)
#undef DEFIB_DETECTOR_FAULT
        if (entry.kind == "detector") words.detectors.push_back(std::move(word));
        if (entry.kind == "routine") words.routines.push_back(std::move(word));
    }
    return words;
}

}  // namespace defib::boot
