package org.jclusterfs.core.inode;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.ForwardingDevice;
import org.jclusterfs.core.device.MemoryBlockDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FileCacheTest {
  private static final long BOUND = 16 << 20;
  private static final int WRITE = 1 << 20;

  /** A device that takes a while for each write. */
  private static final class SlowDevice extends ForwardingDevice {
    private final AtomicLong written = new AtomicLong();

    SlowDevice(BlockDevice device) {
      super(device);
    }

    @Override
    public CompletableFuture<Void> write(long offset, ByteBuffer src) {
      int bytes = src.remaining();
      return super.write(offset, src)
          .thenRunAsync(
              () -> written.addAndGet(bytes),
              CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS));
    }
  }

  @Test
  void whoWritesFasterThanTheDeviceIsSlowedBeforeMemoryRunsOut() {
    SlowDevice device = new SlowDevice(MemoryBlockDevice.ofSize(256L << 20));
    DataCache memory = new DataCache(BOUND);
    FileCache[] files = {new FileCache(memory, device), new FileCache(memory, device)};
    long given = 0;
    for (int i = 0; i < 100; i++) {
      ByteBuffer data = ByteBuffer.allocate(WRITE);
      long offset = (long) i * WRITE;
      FileCache file = files[i % files.length];
      file.put(offset, data, WRITE, offset / Chunk.BLOCK_SIZE, true);
      given += WRITE;
      file.catchUp();
      assertTrue(
          given - device.written.get() <= BOUND / 2 + WRITE * files.length,
          given - device.written.get() + " bytes wait");
    }
    assertTrue(memory.isCrowded() || device.written.get() > 0);
    for (FileCache file : files) {
      file.writeOut().join();
      assertFalse(file.isDirty());
    }
    assertFalse(memory.isCrowded());
  }
}
