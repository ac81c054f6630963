package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Consumer;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.volume.BlockIo;

/** What docs/journal-format.md promises of a journal, each broken in turn. */
final class JournalPlants {
  // Offsets of docs/journal-format.md, whose classes only their module knows.
  private static final int CHECKSUM = 4;
  private static final int GENERATION = 8;
  private static final int VOLUME_UUID = 16;
  private static final int SLOT = 32;
  static final int FORMAT_VERSION = 36;
  private static final int STATE = 40;
  private static final int BLOCK_SIZE = 44;
  private static final int LOG_BLOCKS = 48;
  private static final int TAIL_BLOCK = 56;
  private static final int TAIL_SEQUENCE = 64;
  static final int HEADER = 'J' | 'C' << 8 | 'J' << 16 | 'H' << 24;
  private static final int COMMIT = 'J' | 'C' << 8 | 'J' << 16 | 'C' << 24;

  private JournalPlants() {}

  static void addTo(Map<String, VolumePlants.Variant> all) {
    header(all, "volume", b -> b.putLong(VOLUME_UUID, 1));
    header(all, "slot", b -> b.putInt(SLOT, 0));
    header(all, "state", b -> b.putInt(STATE, 2));
    header(all, "block size", b -> b.putInt(BLOCK_SIZE, 512));
    header(all, "length", b -> b.putLong(LOG_BLOCKS, b.getLong(LOG_BLOCKS) + 1));
    header(all, "tail in the headers", b -> b.putLong(TAIL_BLOCK, 1));
    header(all, "tail behind the end", b -> b.putLong(TAIL_BLOCK, b.getLong(LOG_BLOCKS)));
    header(all, "tail sequence", b -> b.putLong(TAIL_SEQUENCE, 1000));
    all.put(
        "journal with one header",
        new VolumePlants.Variant(
            Problem.JOURNAL_HEADER_COPY_DAMAGED,
            v -> write(v, olderHeader(v), BlockHeader.allocate())));
    all.put(
        "journal with an old header copied from another one",
        new VolumePlants.Variant(
            Problem.JOURNAL_HEADER_COPY_DAMAGED,
            v -> changeHeader(v, olderHeader(v), b -> b.putInt(SLOT, 0))));
    all.put(
        "committed transaction that cannot be read",
        new VolumePlants.Variant(
            Problem.JOURNAL_TRANSACTION_DAMAGED,
            v -> {
              Plants.leaveDirtyJournal(v, 1001, 1002, 1003);
              damageCommit(v, 2);
            }));
  }

  private static void header(
      Map<String, VolumePlants.Variant> all, String name, Consumer<ByteBuffer> change) {
    all.put(
        "journal header with another " + name,
        new VolumePlants.Variant(
            Problem.JOURNAL_DAMAGED, v -> changeHeader(v, newerHeader(v), change)));
  }

  static long start(TestVolume v) throws IOException {
    return SlotDescriptor.journalStart(v.check.store.read(v.check.geometry.slotBlock(1)));
  }

  private static long olderHeader(TestVolume v) throws IOException {
    long start = start(v);
    return newerHeader(v) == start ? start + 1 : start;
  }

  static long newerHeader(TestVolume v) throws IOException {
    long start = start(v);
    ByteBuffer both = BlockIo.read(v.device, start, 2);
    return both.getLong(GENERATION) > both.getLong(BlockHeader.BLOCK_SIZE + GENERATION)
        ? start
        : start + 1;
  }

  /** Both headers of the journal that begins there say that it is twice as long. */
  static void doubleLength(TestVolume v, long start) throws IOException {
    for (long header = start; header < start + 2; header++) {
      changeHeader(v, header, b -> b.putLong(LOG_BLOCKS, 2 * b.getLong(LOG_BLOCKS)));
    }
  }

  static void changeHeader(TestVolume v, long address, Consumer<ByteBuffer> change)
      throws IOException {
    ByteBuffer block = BlockIo.read(v.device, address, 1);
    change.accept(block);
    // The checksum lies where that of a metadata block does, and is made alike.
    block.putInt(CHECKSUM, BlockHeader.computeChecksum(block));
    write(v, address, block);
  }

  private static void write(TestVolume v, long address, ByteBuffer block) throws IOException {
    BlockIo.write(v.device, address, block);
  }

  /** Flips a bit in the n-th commit record of slot 1's journal. */
  static void damageCommit(TestVolume v, int n) throws IOException {
    int seen = 0;
    for (long at = start(v) + 2; seen < n; at++) {
      ByteBuffer block = BlockIo.read(v.device, at, 1);
      if (block.getInt(0) == COMMIT && ++seen == n) {
        block.put(2000, (byte) 1);
        write(v, at, block);
      }
    }
  }
}
