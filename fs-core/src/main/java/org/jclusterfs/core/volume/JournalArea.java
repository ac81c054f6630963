package org.jclusterfs.core.volume;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.journal.LogDevice;

/**
 * The journal of one slot, as an area of the volume's device. Checks that no access leaves the area
 * or the volume: a journal that asks for that is damaged. Thread-safe.
 */
public final class JournalArea implements LogDevice {
  private final BlockDevice device;
  private final long start;
  private final long blocks;

  /**
   * An area.
   *
   * @param start its first block
   * @param blocks its length
   */
  public JournalArea(BlockDevice device, long start, long blocks) {
    if (start <= 0 || blocks <= 0 || start + blocks > device.size() / BlockHeader.BLOCK_SIZE) {
      throw new IllegalArgumentException(
          "journal of " + blocks + " blocks at block " + start + " is outside of the volume");
    }
    this.device = device;
    this.start = start;
    this.blocks = blocks;
  }

  /** The area that a slot descriptor names. */
  public static JournalArea of(BlockDevice device, ByteBuffer slotDescriptor) {
    return new JournalArea(
        device,
        SlotDescriptor.journalStart(slotDescriptor),
        SlotDescriptor.journalBlocks(slotDescriptor));
  }

  @Override
  public int blockSize() {
    return BlockHeader.BLOCK_SIZE;
  }

  @Override
  public long logBlocks() {
    return blocks;
  }

  @Override
  public CompletableFuture<Void> readLog(long logBlock, ByteBuffer dst) {
    return device.read(offset(logBlock, dst.remaining()), dst);
  }

  @Override
  public CompletableFuture<Void> writeLog(long logBlock, ByteBuffer src) {
    return device.write(offset(logBlock, src.remaining()), src);
  }

  @Override
  public CompletableFuture<Void> writeLogDurably(long logBlock, ByteBuffer src) {
    return device.writeDurably(offset(logBlock, src.remaining()), src);
  }

  private long offset(long logBlock, int length) {
    if (logBlock < 0 || logBlock > blocks - length / BlockHeader.BLOCK_SIZE) {
      throw new IndexOutOfBoundsException("block " + logBlock + " of a log of " + blocks);
    }
    return (start + logBlock) * BlockHeader.BLOCK_SIZE;
  }

  @Override
  public CompletableFuture<Void> readHome(long address, ByteBuffer dst) {
    return device.read(address * BlockHeader.BLOCK_SIZE, dst);
  }

  @Override
  public CompletableFuture<Void> writeHome(long address, ByteBuffer src) {
    return device.write(address * BlockHeader.BLOCK_SIZE, src);
  }

  @Override
  public CompletableFuture<Void> flush() {
    return device.flush();
  }
}
