package org.jclusterfs.journal.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.journal.LogDevice;

/**
 * One node's way to a {@link SimulatedDisk}: the log area of its journal, and all home blocks.
 * Operations take effect in the caller's thread. A node can die alone: its acknowledged writes
 * stay.
 */
public final class SimulatedLogDevice implements LogDevice {

  private interface Action {
    void run() throws IOException;
  }

  private final SimulatedDisk disk;
  private final long logStart;
  private final long logBlocks;
  private volatile boolean killed;

  /** A node whose log lies at {@code logStart}. */
  public SimulatedLogDevice(SimulatedDisk disk, long logStart, long logBlocks) {
    this.disk = disk;
    this.logStart = logStart;
    this.logBlocks = logBlocks;
  }

  /** The node dies: every later operation of it fails. */
  public void kill() {
    killed = true;
  }

  @Override
  public int blockSize() {
    return disk.blockSize();
  }

  @Override
  public long logBlocks() {
    return logBlocks;
  }

  @Override
  public CompletableFuture<Void> readLog(long logBlock, ByteBuffer dst) {
    return run(() -> disk.read(inLog(logBlock, dst), dst));
  }

  @Override
  public CompletableFuture<Void> writeLog(long logBlock, ByteBuffer src) {
    return run(() -> disk.write(inLog(logBlock, src), src));
  }

  @Override
  public CompletableFuture<Void> writeLogDurably(long logBlock, ByteBuffer src) {
    return run(() -> disk.writeDurably(inLog(logBlock, src), src));
  }

  @Override
  public CompletableFuture<Void> readHome(long address, ByteBuffer dst) {
    return run(() -> disk.read(address, dst));
  }

  @Override
  public CompletableFuture<Void> writeHome(long address, ByteBuffer src) {
    return run(() -> disk.write(address, src));
  }

  @Override
  public CompletableFuture<Void> flush() {
    return run(disk::flush);
  }

  private long inLog(long logBlock, ByteBuffer buffer) throws IOException {
    if (logBlock < 0 || logBlock + buffer.remaining() / blockSize() > logBlocks) {
      throw new IOException("access beyond the log at log block " + logBlock);
    }
    return logStart + logBlock;
  }

  private CompletableFuture<Void> run(Action action) {
    if (killed) {
      return CompletableFuture.failedFuture(new IOException("the node is dead"));
    }
    try {
      action.run();
      return CompletableFuture.completedFuture(null);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
