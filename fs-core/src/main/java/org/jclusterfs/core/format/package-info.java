/**
 * The records on the device: one view class per record of docs/on-disk-format.md, stateless
 * accessors over a little-endian {@link java.nio.ByteBuffer} that holds one block from index 0 on;
 * {@link org.jclusterfs.core.format.Geometry} computes where things lie, and {@link
 * org.jclusterfs.core.format.NameHash} orders the names of directories.
 *
 * <p>This package imports only the JDK.
 */
package org.jclusterfs.core.format;
