/**
 * Views of the FUSE kernel protocol, version 7, as {@code include/uapi/linux/fuse.h} defines it: in
 * the host's byte order, every record padded to eight bytes.
 */
package org.jclusterfs.mount.protocol;
