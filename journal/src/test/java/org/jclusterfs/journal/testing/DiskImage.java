package org.jclusterfs.journal.testing;

import java.util.HashMap;
import java.util.Map;

/**
 * Content of a whole disk that never changes. Images share what they have in common, so that
 * thousands of states of one disk cost what they differ in.
 */
public final class DiskImage {
  private final int blockSize;
  private final long blocks;
  private final Map<Long, byte[]> base;
  private final Map<Long, byte[]> changed;
  private final byte[] zeros;

  private DiskImage(
      int blockSize, long blocks, Map<Long, byte[]> base, Map<Long, byte[]> changed, byte[] zeros) {
    this.blockSize = blockSize;
    this.blocks = blocks;
    this.base = base;
    this.changed = changed;
    this.zeros = zeros;
  }

  /** A disk of zeros. */
  static DiskImage zeros(int blockSize, long blocks) {
    return new DiskImage(blockSize, blocks, Map.of(), Map.of(), new byte[blockSize]);
  }

  /** This image with some blocks changed; takes the map over. */
  public DiskImage with(Map<Long, byte[]> changes) {
    if (changed.isEmpty()) {
      return new DiskImage(blockSize, blocks, base, changes, zeros);
    }
    Map<Long, byte[]> all = new HashMap<>(changed);
    all.putAll(changes);
    return new DiskImage(blockSize, blocks, base, all, zeros);
  }

  /** The same content as what further images are told from: {@link #changed} is empty. */
  public DiskImage asBase() {
    Map<Long, byte[]> all = new HashMap<>(base);
    all.putAll(changed);
    return new DiskImage(blockSize, blocks, all, Map.of(), zeros);
  }

  /** Content of a block; not to be changed. */
  public byte[] block(long block) {
    byte[] content = changed.get(block);
    if (content == null) {
      content = base.get(block);
    }
    return content == null ? zeros : content;
  }

  /** Content of a block in the base, before any change; not to be changed. */
  public byte[] baseBlock(long block) {
    return base.getOrDefault(block, zeros);
  }

  /** Blocks that may differ from the base. */
  public Map<Long, byte[]> changed() {
    return changed;
  }

  /** Block size in bytes. */
  public int blockSize() {
    return blockSize;
  }

  /** Size in blocks. */
  public long blocks() {
    return blocks;
  }
}
