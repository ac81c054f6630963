package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.target.ModelDisk;
import org.jclusterfs.iscsi.target.StampedBlocks;

/**
 * Writers with blocks of their own each, who write them again and again with rising stamps and look
 * after each acknowledged write whether it is there: one that is lost, or over which an older one
 * came, is seen.
 */
final class StampedWriters {

  private static final int BLOCKS = 40; // with several R2Ts on targets that take 8 KiB
  private static final long HANG_GUARD_SECONDS = 90;

  private final Lun lun;
  private final List<Writer> writers = new ArrayList<>();
  private volatile boolean stopped;

  StampedWriters(Lun lun, int count) {
    this.lun = lun;
    for (int i = 0; i < count; i++) {
      writers.add(new Writer(i * 2L * BLOCKS));
    }
    writers.forEach(Writer::next);
  }

  private final class Writer {
    final long lba;
    final CompletableFuture<Void> done = new CompletableFuture<>();
    volatile long acknowledged;

    Writer(long lba) {
      this.lba = lba;
    }

    /** Runs on event loops: writes, reads back, and so on until it is stopped. */
    void next() {
      if (stopped) {
        done.complete(null);
        return;
      }
      long stamp = acknowledged + 1;
      ByteBuffer back = ByteBuffer.allocateDirect(BLOCKS * ModelDisk.BLOCK);
      lun.write(lba * ModelDisk.BLOCK, StampedBlocks.of(stamp, lba, BLOCKS))
          .thenCompose(written -> lun.read(lba * ModelDisk.BLOCK, back))
          .whenComplete(
              (read, e) -> {
                try {
                  if (e != null) {
                    throw e;
                  }
                  check(back, stamp);
                  acknowledged = stamp;
                  next();
                } catch (Throwable failure) {
                  done.completeExceptionally(failure);
                }
              });
    }

    void check(ByteBuffer data, long stamp) {
      for (int i = 0; i < BLOCKS; i++) {
        ByteBuffer block = data.slice(i * ModelDisk.BLOCK, ModelDisk.BLOCK);
        assertEquals(stamp, StampedBlocks.stamp(block, lba + i), "block " + (lba + i));
      }
    }
  }

  /** Writes acknowledged so far. */
  long acknowledged() {
    return writers.stream().mapToLong(writer -> writer.acknowledged).sum();
  }

  /** Waits until so many more writes are acknowledged. */
  void awaitMore(long more) throws Exception {
    long wanted = acknowledged() + more;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(HANG_GUARD_SECONDS);
    while (acknowledged() < wanted) {
      for (Writer each : writers) {
        if (each.done.isDone()) {
          each.done.get(); // throws what ended it
        }
      }
      if (System.nanoTime() > end) {
        throw new AssertionError("the writers hang at " + acknowledged() + " of " + wanted);
      }
      Thread.sleep(5);
    }
  }

  /** Ends the writers and compares what they know with the image of the LUN. */
  void stop(Path image) throws Exception {
    stopped = true;
    for (Writer each : writers) {
      each.done.get(HANG_GUARD_SECONDS, TimeUnit.SECONDS);
    }
    try (FileChannel file = FileChannel.open(image, StandardOpenOption.READ)) {
      for (Writer each : writers) {
        ByteBuffer stored = ByteBuffer.allocate(BLOCKS * ModelDisk.BLOCK);
        while (stored.hasRemaining()
            && file.read(stored, each.lba * ModelDisk.BLOCK + stored.position()) > 0) {
          // until the end
        }
        each.check(stored, each.acknowledged);
      }
    }
  }
}
