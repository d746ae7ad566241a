// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// A cast whose types a template fills in.
#include "engine/compiler/cases/structs.h"

template <class To, class From>
static To as(From from) {
    // refused: cast to a kernel pointer: take it from a field
    return reinterpret_cast<To>(from);
}
VIEW(it, SUMMARY("x"))(kp<task_struct> task) {
    return as<kp<signal_struct>>(task)->nr_threads;
}
