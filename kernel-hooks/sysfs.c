// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: The defib authors
/*
 * /sys/class/misc/defib/: what the hook uses and has done. The ring's address is for root: a
 * process that maps the window itself need not search for it.
 */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "hook.h"

static ssize_t ring_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "0x%llx\n", (u64)hook_ring_physical());
}
static DEVICE_ATTR_ADMIN_RO(ring);

static ssize_t sources_show(struct device *device, struct device_attribute *attribute, char *text)
{
	u32 sources = hook_running_sources();

	return sysfs_emit(text, "%s%s%s%s\n", sources & DEFIB_HOOK_SOURCE_PERF ? "perf " : "",
			  sources & DEFIB_HOOK_SOURCE_RING ? "ring " : "",
			  sources & DEFIB_HOOK_SOURCE_HPET ? "hpet " : "",
			  sources & DEFIB_HOOK_SOURCE_TICK ? "tick" : "");
}
static DEVICE_ATTR_RO(sources);

/*
 * The CPUs by what their cycle counters do, a line for each kind: which CPUs, 0 or why not
 * (hook_perf_state()), and of which PMU it is: on a hybrid processor there are several.
 */
static ssize_t counters_show(struct device *device, struct device_attribute *attribute, char *text)
{
	cpumask_var_t left, same;
	int length = 0;

	if (!zalloc_cpumask_var(&left, GFP_KERNEL))
		return -ENOMEM;
	if (!zalloc_cpumask_var(&same, GFP_KERNEL)) {
		free_cpumask_var(left);
		return -ENOMEM;
	}
	cpumask_copy(left, cpu_online_mask);
	while (!cpumask_empty(left)) {
		const char *pmu, *other;
		unsigned int cpu;
		int state = hook_perf_state(cpumask_first(left), &pmu);

		cpumask_clear(same);
		cpumask_set_cpu(cpumask_first(left), same);
		for_each_cpu(cpu, left) {
			if (hook_perf_state(cpu, &other) == state && other == pmu)
				cpumask_set_cpu(cpu, same);
		}
		cpumask_andnot(left, left, same);
		length += sysfs_emit_at(text, length, "%*pbl %d %s\n", cpumask_pr_args(same), state,
					pmu ? pmu : "none");
	}
	free_cpumask_var(same);
	free_cpumask_var(left);
	return length;
}
static DEVICE_ATTR_RO(counters);

/* One line for each CPU, as many as fit a page; all of them beat in the ring. */
static ssize_t cpus_show(struct device *device, struct device_attribute *attribute, char *text)
{
	unsigned int cpu;
	int length = 0;

	for_each_online_cpu(cpu) {
		struct DefibHookBeat count = {};

		hook_read_counters(cpu, &count);
		length += sysfs_emit_at(text, length, "cpu %u perf %d beats %llu irqs_off %llu ",
					cpu, hook_perf_state(cpu, NULL), count.beats,
					count.beats_irqs_off);
		length += sysfs_emit_at(text, length, "nmis %llu spent_ns %llu longest_ns %llu\n",
					count.nmis, count.spent_ns, count.longest_ns);
	}
	return length;
}
static DEVICE_ATTR_RO(cpus);

static ssize_t requests_show(struct device *device, struct device_attribute *attribute, char *text)
{
	u64 served = 0, refused = 0, malformed = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct DefibHookBeat count = {};

		hook_read_counters(cpu, &count);
		served += count.served;
		refused += count.refused;
		malformed += count.malformed;
	}
	return sysfs_emit(text, "served %llu refused %llu malformed %llu locks %u\n", served,
			  refused, malformed, hook_locks_held());
}
static DEVICE_ATTR_RO(requests);

static struct attribute *attributes[] = {
	&dev_attr_ring.attr, &dev_attr_sources.attr,  &dev_attr_counters.attr,
	&dev_attr_cpus.attr, &dev_attr_requests.attr, NULL,
};

static const struct attribute_group group = {.attrs = attributes};

const struct attribute_group *hook_sysfs_groups[] = {&group, NULL};
