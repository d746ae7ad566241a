// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What a kernel says of itself in words: its banner, its module version string.
#ifndef DEFIB_LAYOUTS_ARTEFACT_IDENTITY_H
#define DEFIB_LAYOUTS_ARTEFACT_IDENTITY_H

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "layouts/artefact/symbols.h"
#include "layouts/layout.h"

namespace defib::layouts {

// "Linux version 6.1.0-56-amd64 (...) #1 SMP PREEMPT_DYNAMIC ..." without its line end; empty if
// none is in the image.
std::string find_banner(Bytes image);

// The banner at its place, cut at the line end; empty if it is no banner.
std::string banner_at(Bytes at_linux_banner);

// Release, SMP and PREEMPT_RT, from the banner.
void take_banner(KernelIdentity& kernel, std::string banner);

// Release, SMP and RANDSTRUCT, from the version string that modules must match (VERMAGIC_STRING in
// include/linux/vermagic.h).
void take_vermagic(KernelIdentity& kernel, std::string_view vermagic);

// The version string of the kernel whose release is known; empty if it is not in the image.
std::string_view find_vermagic(Bytes image, std::string_view release);

// "sha256:<hex>" of the raw BTF.
std::string digest_of(Bytes btf);

// How many levels this kernel's page tables can have: what the architecture's files decide.
std::vector<int> possible_page_table_levels(std::string_view architecture,
                                            const SymbolMap& symbols);

}  // namespace defib::layouts

#endif
