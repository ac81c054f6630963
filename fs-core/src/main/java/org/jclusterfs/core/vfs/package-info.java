/**
 * The filesystem as inode operations: {@link org.jclusterfs.core.vfs.Vfs} is what the doors call,
 * {@link org.jclusterfs.core.vfs.KernelCaches} what the filesystem calls back to keep a kernel's
 * caches coherent.
 */
package org.jclusterfs.core.vfs;
