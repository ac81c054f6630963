package org.jclusterfs.mount;

import java.nio.file.Path;

/**
 * How and where to mount.
 *
 * @param source what /proc/mounts shows as the device
 * @param directory mount point, canonical
 * @param mountFlags MS_ flags of mount(2)
 * @param validMillis how long the kernel may keep cacheable attributes and names
 * @param acls whether the kernel is to obey access control lists
 */
public record BindingOptions(
    String source, Path directory, long mountFlags, long validMillis, boolean acls) {}
