package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.device.FencedException;
import org.jclusterfs.core.device.ForwardingDevice;
import org.jclusterfs.core.device.WriteGate;

/**
 * One node's way to a LUN that the others share, cut off at one of its writes and flushes: that one
 * and what the node sends after it is never acknowledged, and each of these writes lands at a time
 * of its own or not at all. Heartbeats do not count, since only time decides where they stand.
 * Thread-safe.
 */
final class MortalDevice extends ForwardingDevice {

  /** What the node learns of its end. */
  enum End {
    /** Nothing: no operation comes back until its process is gone. */
    SILENT,
    /** Every operation fails, so that it stops by itself. */
    FAILS
  }

  /** A write that the node sent and that was not acknowledged. */
  final class Late {
    private final long offset;
    private final ByteBuffer content;
    private final boolean durably;

    private Late(long offset, ByteBuffer content, boolean durably) {
      this.offset = offset;
      this.content = content;
      this.durably = durably;
    }

    /** It reaches the LUN now; false: the LUN refuses it, since the node is fenced. */
    boolean land() throws IOException {
      try {
        device.land(offset, content.duplicate(), durably);
        return true;
      } catch (FencedException e) {
        return false;
      }
    }

    @Override
    public String toString() {
      return "write of " + content.remaining() + " bytes at block " + block(offset);
    }
  }

  /** Takes writes that the node will not see acknowledged, as it sends them. */
  interface Sink {
    void take(Late write);
  }

  private final SimulatedBlockDevice device;
  private final CompletableFuture<Void> death = new CompletableFuture<>();
  private final List<CompletableFuture<Void>> held = new ArrayList<>();
  private volatile WriteGate gate = WriteGate.OPEN;
  private Sink sink = late -> {};
  private End end = End.SILENT;
  private volatile long heartbeat = -1;
  private long count;
  private long dieAt = Long.MAX_VALUE;
  private boolean dead;
  private boolean gone;
  private long lastBeat = System.nanoTime();
  private long longestGap;

  /** A way that works. */
  MortalDevice(SimulatedBlockDevice device) {
    super(device);
    this.device = device;
  }

  /** Sets the block of this node's heartbeat. */
  void heartbeat(long block) {
    heartbeat = block;
  }

  private static long block(long offset) {
    return offset / SimulatedBlockDevice.BLOCK;
  }

  /** Writes and flushes so far, without heartbeats. */
  synchronized long count() {
    return count;
  }

  /** The node is cut off at the n-th write or flush from now on, counted from 1. */
  synchronized void dieAt(long n, End how, Sink late) {
    dieAt = count + n;
    end = how;
    sink = late;
  }

  /** The node is cut off now, if it is not yet. */
  void die() {
    synchronized (this) {
      dead = true;
    }
    death.complete(null);
  }

  synchronized boolean isDead() {
    return dead;
  }

  /** Complete when the node is cut off. */
  CompletableFuture<Void> death() {
    return death;
  }

  /** Its process is gone: what it waited for fails, so that its threads end. */
  void bury() {
    List<CompletableFuture<Void>> all;
    synchronized (this) {
      dead = true;
      gone = true;
      all = List.copyOf(held);
      held.clear();
    }
    all.forEach(each -> each.completeExceptionally(new IOException("the node is dead")));
  }

  /** Longest time between two heartbeats while it lived, in nanoseconds. */
  synchronized long longestGap() {
    return dead ? longestGap : Math.max(longestGap, System.nanoTime() - lastBeat);
  }

  @Override
  public void setWriteGate(WriteGate newGate) {
    gate = newGate;
    super.setWriteGate(newGate);
  }

  private void step() {
    boolean dies;
    synchronized (this) {
      count++;
      dies = !dead && count >= dieAt;
      dead |= dies;
    }
    if (dies) {
      death.complete(null);
    }
  }

  private CompletableFuture<Void> unanswered() {
    synchronized (this) {
      if (!gone && end == End.SILENT) {
        CompletableFuture<Void> never = new CompletableFuture<>();
        held.add(never);
        return never;
      }
    }
    return CompletableFuture.failedFuture(new IOException("the LUN cannot be reached"));
  }

  private CompletableFuture<Void> write(long offset, ByteBuffer src, boolean durably) {
    boolean beats = block(offset) == heartbeat;
    if (beats) {
      beat();
    } else {
      step();
    }
    if (!isDead()) {
      return durably ? super.writeDurably(offset, src) : super.write(offset, src);
    }
    boolean leaves;
    synchronized (this) {
      leaves = !beats && !gone && gate.mayWrite();
    }
    if (leaves) {
      ByteBuffer copy = ByteBuffer.allocate(src.remaining()).put(src.duplicate()).flip();
      sink.take(new Late(offset, copy, durably));
    }
    return unanswered();
  }

  private synchronized void beat() {
    if (!dead) {
      long now = System.nanoTime();
      longestGap = Math.max(longestGap, now - lastBeat);
      lastBeat = now;
    }
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return isDead() ? unanswered() : super.read(offset, dst);
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return write(offset, src, false);
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return write(offset, src, true);
  }

  @Override
  public CompletableFuture<Void> flush() {
    step();
    return isDead() ? unanswered() : super.flush();
  }
}
