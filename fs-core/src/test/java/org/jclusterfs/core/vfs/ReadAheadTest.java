package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.ForwardingDevice;
import org.jclusterfs.core.device.MemoryBlockDevice;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Files that are read in order. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ReadAheadTest {
  private static final int BYTES = 8 << 20;
  private static final int PIECE = 4096;
  private static final int STEPS = 1500;

  /** Counts reads, and answers them late: the data is what it was when they were sent. */
  private static final class LateReads extends ForwardingDevice {
    private final AtomicInteger count = new AtomicInteger();
    private volatile int mostMillis;

    LateReads(BlockDevice device) {
      super(device);
    }

    @Override
    public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
      count.incrementAndGet();
      ByteBuffer into = dst.duplicate();
      ByteBuffer early = ByteBuffer.allocate(dst.remaining());
      CompletableFuture<Void> read = super.read(offset, early);
      int delay = mostMillis == 0 ? 0 : ThreadLocalRandom.current().nextInt(mostMillis + 1);
      Runnable give = () -> into.put(early.flip().limit(early.capacity()));
      return delay == 0
          ? read.thenRun(give)
          : read.thenRunAsync(
              give, CompletableFuture.delayedExecutor(delay, TimeUnit.MILLISECONDS));
    }
  }

  private LateReads device;
  private TestVolume writer;
  private TestVolume reader;

  @BeforeEach
  void mount() throws Exception {
    MemoryBlockDevice memory = MemoryBlockDevice.ofSize(256L << 20);
    VolumeFormatter.format(memory, FormatOptions.defaults().withSlots(2));
    device = new LateReads(memory.disk().connect());
    writer = TestVolume.over(memory, 30_000);
    reader = TestVolume.over(device, 30_000);
  }

  @AfterEach
  void unmount() throws Exception {
    reader.close();
    writer.close();
  }

  private static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void fileReadInOrderTakesFewReadsOfTheDevice() throws Exception {
    byte[] content = random(1, BYTES);
    OpenFile made = writer.create(writer.root(), "f");
    writer.write(made, 0, content);
    OpenFile file = reader.open(reader.lookup(reader.root(), "f").inode(), 0);
    int before = device.count.get();
    for (int at = 0; at < BYTES; at += PIECE) {
      assertArrayEquals(
          Arrays.copyOfRange(content, at, at + PIECE), reader.read(file, at, PIECE), "at " + at);
    }
    int reads = device.count.get() - before;
    // Chunks of 64 KiB; without reading ahead it would be one read for each piece.
    assertTrue(reads <= BYTES / (64 << 10) + 20, reads + " reads");
    reader.vfs.release(file, 0);
    writer.vfs.release(made, 0);
  }

  @Test
  void fileReadHereAndThereIsNotReadAhead() throws Exception {
    OpenFile made = writer.create(writer.root(), "f");
    writer.write(made, 0, random(2, BYTES));
    OpenFile file = reader.open(reader.lookup(reader.root(), "f").inode(), 0);
    reader.read(file, BYTES / 2, PIECE);
    int before = device.count.get();
    for (int i = 1; i < 6; i++) {
      reader.read(file, (BYTES / 8 * (i * 3 % 7)) + (1 << 19), PIECE);
    }
    assertEquals(before + 5, device.count.get());
    reader.vfs.release(file, 0);
    writer.vfs.release(made, 0);
  }

  @Test
  void whatIsReadAheadNeverHidesWhatIsWrittenMeanwhile() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    byte[] model = random(seed, BYTES / 2);
    OpenFile there = writer.create(writer.root(), "f", TestVolume.O_RDWR);
    writer.write(there, 0, model);
    OpenFile here = reader.open(reader.lookup(reader.root(), "f").inode(), TestVolume.O_RDWR);
    device.mostMillis = 2;
    int at = 0;
    for (int step = 0; step < STEPS; step++) {
      String what = "seed " + seed + " step " + step;
      switch (random.nextInt(12)) {
        case 0 -> at = random.nextInt(model.length);
        case 1 -> {
          // Where it is likely to be read ahead just now.
          byte[] data = random(seed + step, 1 + random.nextInt(50_000));
          int offset = Math.min(at + random.nextInt(300_000), model.length);
          model = Arrays.copyOf(model, Math.max(model.length, offset + data.length));
          System.arraycopy(data, 0, model, offset, data.length);
          if (random.nextInt(4) > 0) {
            reader.write(here, offset, data);
          } else {
            writer.write(there, offset, data);
          }
        }
        case 2 -> {
          if (random.nextInt(10) == 0) {
            int size = Math.max(BYTES / 4, model.length - random.nextInt(400_000));
            model = Arrays.copyOf(model, size);
            reader.truncate(here.inode(), size);
            model = Arrays.copyOf(model, size + 100_000);
            reader.truncate(here.inode(), model.length);
          }
        }
        default -> {
          int length = 1 + random.nextInt(30_000);
          int end = Math.min(at + length, model.length);
          if (at >= end) {
            at = 0;
          } else {
            assertArrayEquals(
                Arrays.copyOfRange(model, at, end), reader.read(here, at, end - at), what);
            at = end;
          }
        }
      }
    }
    device.mostMillis = 0;
    assertArrayEquals(model, writer.read(there, 0, model.length));
    reader.vfs.release(here, 0);
    writer.vfs.release(there, 0);
  }
}
