// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
struct declared_only {
    long defined_elsewhere;
};
struct list {
    struct list *next, **pprev;
};
struct twice {
    int a;
};
struct declared_only here;
struct list list;
struct twice twice;
