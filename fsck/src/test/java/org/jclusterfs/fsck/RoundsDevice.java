package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.ForwardingDevice;

/**
 * Counts what one thread waits for. While it counts, operations are held until that thread waits;
 * then all that are under way complete together, which is one round: what is in flight at the same
 * time costs one wait for the device, what is begun after an answer costs another.
 */
final class RoundsDevice extends ForwardingDevice {

  /**
   * What was counted.
   *
   * @param rounds waits for the device, one behind the other
   * @param flushes flushes and writes that are durable by themselves
   */
  record Cost(int rounds, int flushes) {}

  /** What is counted. */
  interface Action {
    void run() throws Exception;
  }

  private record Held(CompletableFuture<Void> done, CompletableFuture<Void> below) {}

  private final List<Held> held = new ArrayList<>();
  private Thread watched;
  private int rounds;
  private int flushes;

  RoundsDevice(BlockDevice device) {
    super(device);
  }

  /** Runs an action in this thread and counts meanwhile. */
  Cost cost(Action action) throws Exception {
    synchronized (this) {
      watched = Thread.currentThread();
      rounds = 0;
      flushes = 0;
    }
    Thread completer = new Thread(this::completeRounds, "rounds");
    completer.start();
    try {
      action.run();
    } finally {
      synchronized (this) {
        watched = null;
      }
      completer.join();
    }
    return new Cost(rounds, flushes);
  }

  private void completeRounds() {
    boolean going = true;
    while (going) {
      List<Held> round;
      synchronized (this) {
        going = watched != null;
        boolean waits = !going || watched.getState() == Thread.State.WAITING;
        round = waits ? List.copyOf(held) : List.of();
        held.removeAll(round);
        rounds += round.isEmpty() ? 0 : 1;
      }
      round.forEach(RoundsDevice::complete);
      if (round.isEmpty()) {
        Thread.onSpinWait();
      }
    }
  }

  private static void complete(Held held) {
    held.below()
        .whenComplete(
            (nothing, failure) -> {
              if (failure == null) {
                held.done().complete(null);
              } else {
                held.done().completeExceptionally(failure);
              }
            });
  }

  private synchronized CompletableFuture<Void> hold(
      CompletableFuture<Void> below, boolean isFlush) {
    if (watched == null) {
      return below;
    }
    flushes += isFlush ? 1 : 0;
    Held one = new Held(new CompletableFuture<>(), below);
    held.add(one);
    return one.done();
  }

  @Override
  public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
    return hold(super.read(offset, dst), false);
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer src) {
    return hold(super.write(offset, src), false);
  }

  @Override
  public CompletableFuture<Void> writeDurably(long offset, ByteBuffer src) {
    return hold(super.writeDurably(offset, src), true);
  }

  @Override
  public CompletableFuture<Void> flush() {
    return hold(super.flush(), true);
  }
}
