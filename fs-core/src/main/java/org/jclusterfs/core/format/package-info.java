/**
 * On-disk records as stateless views (buffer, offset), little-endian; the twin of
 * docs/on-disk-format.md. Imports only the JDK and Chronicle Bytes.
 */
package org.jclusterfs.core.format;
