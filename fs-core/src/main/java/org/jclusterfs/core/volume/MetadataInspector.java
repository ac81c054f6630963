package org.jclusterfs.core.volume;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.journal.BlockInspector;

/** Tells replay which blocks are valid metadata of a volume. Stateless. */
public final class MetadataInspector implements BlockInspector {
  private final UUID volume;

  /** For the volume with this UUID. */
  public MetadataInspector(UUID volume) {
    this.volume = volume;
  }

  @Override
  public long version(ByteBuffer block, long address) {
    ByteBuffer view = block.slice().order(ByteOrder.LITTLE_ENDIAN);
    int magic = BlockHeader.magic(view);
    boolean ours = (magic & 0xffff) == ('J' | 'C' << 8);
    return ours && BlockHeader.check(view, magic, address, volume) == null
        ? BlockHeader.version(view)
        : INVALID;
  }
}
