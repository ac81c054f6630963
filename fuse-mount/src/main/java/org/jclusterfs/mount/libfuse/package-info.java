/** The binding over libfuse 2, by jnr-fuse: no cache in the kernel, every operation by path. */
package org.jclusterfs.mount.libfuse;
