package org.jclusterfs.core.directory;

import java.nio.charset.StandardCharsets;

/**
 * A name in a directory.
 *
 * @param name raw bytes, 1–255 of them; not copied
 * @param inode number of the inode that it leads to
 * @param type DT_* value of readdir(3)
 * @param cookie its place in a listing, for as long as it exists
 */
public record Entry(byte[] name, long inode, int type, long cookie) {

  @Override
  public String toString() {
    return "Entry["
        + new String(name, StandardCharsets.UTF_8)
        + " -> "
        + inode
        + ", type "
        + type
        + ", cookie "
        + cookie
        + "]";
  }
}
