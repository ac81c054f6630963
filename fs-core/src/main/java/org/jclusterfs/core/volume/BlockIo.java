package org.jclusterfs.core.volume;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;

/** Blocking access to a device by block number, for tools and for what runs once at a mount. */
public final class BlockIo {
  private BlockIo() {}

  /**
   * Reads consecutive blocks into a new little-endian buffer, ready to be read from index 0.
   *
   * @throws IOException if the device fails or ends before
   */
  public static ByteBuffer read(BlockDevice device, long address, int blocks) throws IOException {
    ByteBuffer buffer =
        ByteBuffer.allocate(blocks * BlockHeader.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    await(device.read(address * BlockHeader.BLOCK_SIZE, buffer.duplicate()));
    return buffer;
  }

  /** Writes a buffer, whole, from a block on; its position and limit are left as they are. */
  public static void write(BlockDevice device, long address, ByteBuffer blocks) throws IOException {
    await(device.write(address * BlockHeader.BLOCK_SIZE, blocks.duplicate().clear()));
  }

  /**
   * Waits for an operation.
   *
   * @throws IOException what the operation failed with
   */
  public static void await(CompletableFuture<?> operation) throws IOException {
    try {
      operation.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while waiting for the device").initCause(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException(e.getCause());
    }
  }
}
