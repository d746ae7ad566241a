/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: The defib authors */
/*
 * What depends on the processor: one file for each.
 */
#ifndef DEFIB_HOOK_ARCH_H
#define DEFIB_HOOK_ARCH_H

#if defined(CONFIG_X86_64)
#include "arch_x86.h"
#elif defined(CONFIG_ARM64)
#include "arch_arm64.h"
#else
#error "defib_hook knows x86-64 and arm64 only"
#endif

#endif
