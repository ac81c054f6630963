package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jclusterfs.core.format.GroupHeader;

/**
 * What the last line tells.
 *
 * @param inodes inodes in use
 * @param usedBlocks blocks of the resource groups in use
 */
record Counts(long inodes, long usedBlocks) {

  /** As the headers of the resource groups say, unchecked. */
  static Counts ofHeaders(Check check) throws IOException {
    long inodes = 0;
    long used = 0;
    for (long group = 0; group < check.geometry.groupCount(); group++) {
      ByteBuffer header =
          check.store.readChecked(check.geometry.groupStart(group), GroupHeader.MAGIC).block();
      inodes += GroupHeader.inodeCount(header);
      used += check.geometry.groupLength(group) - GroupHeader.freeBlocks(header);
    }
    return new Counts(inodes, used);
  }
}
