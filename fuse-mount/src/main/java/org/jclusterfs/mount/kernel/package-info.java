/**
 * The {@code kernel} binding: serves a {@link org.jclusterfs.core.vfs.Vfs} over /dev/fuse. {@link
 * org.jclusterfs.mount.kernel.KernelBinding} is its face.
 */
package org.jclusterfs.mount.kernel;
