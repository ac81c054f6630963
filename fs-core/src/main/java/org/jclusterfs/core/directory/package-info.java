/** Directories: names in a B+ tree ordered by hash, with stable cookies. */
package org.jclusterfs.core.directory;
