package org.jclusterfs.core.volume;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import org.jclusterfs.core.format.BlockDamage;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.journal.BlockInspector;

/** Tells replay which blocks are valid metadata of a volume. Stateless. */
public final class MetadataInspector implements BlockInspector {
  private final UUID volume;
  private final boolean checksummed;

  /** For the volume with this UUID. */
  public MetadataInspector(UUID volume) {
    this(volume, true);
  }

  /**
   * With {@code checksummed} false it believes every checksum: a fault that tests plant, see {@link
   * org.jclusterfs.journal.Fault#BLOCK_CHECKSUM}.
   */
  MetadataInspector(UUID volume, boolean checksummed) {
    this.volume = volume;
    this.checksummed = checksummed;
  }

  @Override
  public long version(ByteBuffer block, long address) {
    ByteBuffer view = block.slice().order(ByteOrder.LITTLE_ENDIAN);
    int magic = BlockHeader.magic(view);
    boolean ours = (magic & 0xffff) == ('J' | 'C' << 8);
    if (!ours) {
      return INVALID;
    }
    BlockDamage damage = BlockHeader.check(view, magic, address, volume);
    boolean valid = damage == null || damage == BlockDamage.CHECKSUM && !checksummed;
    return valid ? BlockHeader.version(view) : INVALID;
  }
}
