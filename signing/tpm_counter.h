// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Counters in a TPM 2.0.
//
// A TPM's NV counter can only be incremented, and a new one does not start at zero but above the
// highest value that any counter of that TPM ever had (TPM 2.0 Library, Part 3, TPM2_NV_Increment).
// So the values we speak of are differences to a base, which is written once into an index of its
// own and then locked by the TPM for as long as that index exists (TPMA_NV_WRITEDEFINE). Deleting
// an index takes the TPM's owner authorisation; counting up takes none.
//
// libtss2 is loaded when a TPM is asked for: machines without one need no such library.
#ifndef DEFIB_SIGNING_TPM_COUNTER_H
#define DEFIB_SIGNING_TPM_COUNTER_H

#include <memory>
#include <string>

#include "signing/counter.h"

namespace defib::signing {

// One increment is one write to the TPM's flash, and takes some 10 ms. A jump that is longer than
// this is a mistake in an image's security counter, and refused before the first increment.
inline constexpr uint64_t MOST_TPM_STEPS = 1000;

// `tcti` names the way to the TPM as tpm2-tss does: "device:/dev/tpmrm0", "swtpm:path=/run/x".
// Defines and locks the indices; where that was done before, nothing is changed; where it was
// interrupted, it is begun again. `owner_secret` is the TPM's owner authorisation, empty where none
// was set.
Result<void> provision_tpm_counters(const std::string& tcti, const std::string& owner_secret);

Result<std::unique_ptr<CounterStore>> open_tpm_counters(const std::string& tcti);

}  // namespace defib::signing

#endif
