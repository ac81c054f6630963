/**
 * The storage below the filesystem: {@link org.jclusterfs.core.device.BlockDevice} over a file, a
 * kernel block device or an iSCSI LUN, all asynchronous, opened by one DEVICE syntax.
 */
package org.jclusterfs.core.device;
