package org.jclusterfs.core.device;

import java.util.UUID;

/**
 * Names one process for ever.
 *
 * @param bootId the kernel's boot id (/proc/sys/kernel/random/boot_id)
 * @param pidNamespace inode number of its pid namespace (/proc/self/ns/pid)
 * @param pid its pid in that namespace
 * @param startTime its start in clock ticks after boot (field 22 of /proc/PID/stat)
 */
public record ProcessIdentity(UUID bootId, long pidNamespace, long pid, long startTime) {}
