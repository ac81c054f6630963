/** Extended attributes of inodes. */
package org.jclusterfs.core.xattr;
