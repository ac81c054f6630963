/** Inodes: attributes, inline data, extent trees, file data and its cache. */
package org.jclusterfs.core.inode;
