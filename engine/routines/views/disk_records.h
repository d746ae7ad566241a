// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// What the view of disks reports: the columns of /proc/diskstats.
#ifndef DEFIB_ENGINE_ROUTINES_VIEWS_DISK_RECORDS_H
#define DEFIB_ENGINE_ROUTINES_VIEWS_DISK_RECORDS_H

#include <stdint.h>

#define DEFIB_RECORD_DISK 282u

#define DEFIB_DISK_READ 0u
#define DEFIB_DISK_WRITE 1u
#define DEFIB_DISK_DISCARD 2u
#define DEFIB_DISK_FLUSH 3u

struct DefibDiskRecord {
    uint64_t disk;  // address of its gendisk
    uint64_t size_sectors;
    uint64_t requests[4];  // that have ended: read, write, discard, flush
    uint64_t merged[4];
    uint64_t sectors[4];
    uint64_t spent_ns[4];  // the sum of what each request took
    uint64_t busy_ns;      // at least one request was on its way
    uint32_t in_flight;    // requests that the driver has now
    int32_t major;
    int32_t minor;
    uint32_t reserved;
    char name[32];
};

#endif
