package org.jclusterfs.iscsi.multipath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.SessionClosedException;
import org.jclusterfs.iscsi.scsi.Disk;
import org.junit.jupiter.api.Test;

/** What becomes of requests when paths fail and come back, by scripted paths and a set clock. */
class DispatcherTest {

  private static final IscsiException LOST = new ConnectionLostException("lost");

  private long now;
  private final FakePath a = new FakePath("a");
  private final FakePath b = new FakePath("b");
  private Dispatcher dispatcher = dispatcher(Map.of("replacement_timeout", "5"));
  private final List<String> order = new ArrayList<>();

  private Dispatcher dispatcher(Map<String, String> options) {
    return new Dispatcher(MultipathOptions.parse(options), TimeUnit.SECONDS.toNanos(60), () -> now);
  }

  /** A path whose requests the test answers. */
  private static final class FakePath implements Route {
    private final String name;
    private final Deque<CompletableFuture<Void>> sent = new ArrayDeque<>();
    private CompletableFuture<Void> settled = CompletableFuture.completedFuture(null);
    private int errors;
    private int inFlight;
    private long bytes;

    FakePath(String name) {
      this.name = name;
    }

    /** Loses what is in flight, which may land until it is settled. */
    void lose() {
      settled = new CompletableFuture<>();
      fail(LOST);
    }

    void fail(IscsiException cause) {
      List<CompletableFuture<Void>> failed = new ArrayList<>(sent);
      sent.clear();
      failed.forEach(each -> each.completeExceptionally(cause));
    }

    @Override
    public Disk disk() {
      return null;
    }

    @Override
    public void begin(long more) {
      inFlight++;
      bytes += more;
    }

    @Override
    public void end(long less) {
      inFlight--;
      bytes -= less;
    }

    @Override
    public void failed(IscsiException cause) {
      errors++;
    }

    @Override
    public CompletableFuture<Void> settled() {
      return settled;
    }

    @Override
    public int inFlight() {
      return inFlight;
    }

    @Override
    public long bytesInFlight() {
      return bytes;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Sends a request and notes by which path it goes, each time. */
  private CompletableFuture<Void> request(String name, boolean changes) {
    return dispatcher.submit(
        changes,
        4096,
        disk -> {
          CompletableFuture<Void> attempt = new CompletableFuture<>();
          // begin() has just been called on the chosen path
          FakePath chosen = a.inFlight > a.sent.size() ? a : b;
          chosen.sent.add(attempt);
          order.add(name + " by " + chosen);
          return attempt;
        });
  }

  private void paths(FakePath... usable) {
    dispatcher.setRoutes(usable, usable, usable.length == 0 ? "no cable" : "");
    dispatcher.resume();
  }

  private void pass(long seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
    dispatcher.tick();
  }

  private static Throwable failure(CompletableFuture<Void> request) {
    return assertThrows(CompletionException.class, request::join).getCause();
  }

  @Test
  void requestsOfALostPathGoByTheOtherWithoutAnError() {
    paths(a);
    final CompletableFuture<Void> read = request("read", false);
    paths(b);
    a.lose();
    assertEquals(List.of("read by a", "read by b"), order);
    b.sent.remove().complete(null);
    read.join();
    assertEquals(1, a.errors);
    assertEquals(0, a.inFlight + b.inFlight);
  }

  @Test
  void writeGoesByAnotherPathOnlyWhenNothingOfItCanLandAnyMore() {
    paths(a);
    final CompletableFuture<Void> write = request("write", true);
    paths(b);
    a.lose();
    assertEquals(List.of("write by a"), order);
    a.settled.complete(null);
    assertEquals(List.of("write by a", "write by b"), order);
    b.sent.remove().complete(null);
    write.join();
  }

  @Test
  void reservationConflictAndMediumErrorGoToTheCaller() {
    paths(a, b);
    for (IscsiException answer :
        List.of(
            new ReservationConflictException("conflict"),
            new ScsiException("unrecovered read error", 2, 3, 0x11, 0))) {
      CompletableFuture<Void> write = request("write", true);
      a.fail(answer);
      b.fail(answer);
      assertEquals(answer, failure(write));
    }
    assertEquals(2, order.size());
    assertEquals(0, a.errors + b.errors);
  }

  @Test
  void portThatTakesNoCommandsIsAFailureOfItsPath() {
    for (int ascq = 0; ascq < 16; ascq++) {
      assertEquals(
          ascq >= 0x0a && ascq <= 0x0c,
          Dispatcher.isFailureOfPath(new ScsiException("not ready", 2, 2, 4, ascq)),
          "2/04" + ascq);
    }
    assertTrue(Dispatcher.isFailureOfPath(new CommandTimeoutException("late")));
    assertTrue(Dispatcher.isFailureOfPath(new SessionClosedException("refused path")));
    assertFalse(Dispatcher.isFailureOfPath(new IscsiException("what else")));
  }

  @Test
  void requestsWaitForAPathInTheirOrder() {
    List<CompletableFuture<Void>> requests = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      requests.add(request("" + i, i % 2 == 0));
    }
    pass(4);
    assertTrue(order.isEmpty());
    paths(a);
    assertEquals(Arrays.asList("0 by a", "1 by a", "2 by a", "3 by a", "4 by a"), order);
    while (!a.sent.isEmpty()) {
      a.sent.remove().complete(null);
    }
    requests.forEach(CompletableFuture::join);
  }

  @Test
  void withoutAPathForTheReplacementTimeoutRequestsFailAndLaterOnesAtOnce() {
    paths(a);
    paths();
    CompletableFuture<Void> waiting = request("write", true);
    pass(4);
    assertFalse(waiting.isDone());
    pass(1);
    assertInstanceOf(ConnectionLostException.class, failure(waiting));
    assertTrue(failure(waiting).getMessage().contains("no cable"), failure(waiting).getMessage());
    failure(request("later", false));
    paths(b);
    request("again", false);
    assertEquals(List.of("again by b"), order);
  }

  @Test
  void noPathRetryWaitsForMoreIntervals() {
    dispatcher = dispatcher(Map.of("replacement_timeout", "5", "no_path_retry", "2"));
    CompletableFuture<Void> waiting = request("write", true);
    pass(14);
    assertFalse(waiting.isDone());
    pass(1);
    failure(waiting);
  }

  @Test
  void queueIfNoPathWaitsForAsLongAsItTakes() {
    dispatcher = dispatcher(Map.of("no_path_retry", "queue"));
    CompletableFuture<Void> waiting = request("write", true);
    pass(100_000);
    assertFalse(waiting.isDone());
    paths(a);
    a.sent.remove().complete(null);
    waiting.join();
  }

  @Test
  void closedGateEndsWhatWaitsForAPathEvenWithQueueIfNoPath() {
    dispatcher = dispatcher(Map.of("no_path_retry", "queue"));
    dispatcher.setWriteGate(() -> false);
    CompletableFuture<Void> waiting = request("write", true);
    pass(0);
    assertFalse(waiting.isDone());
    pass(1);
    failure(waiting);
  }

  @Test
  void writesWaitForAPathThatMayWriteWhileReadsGoOn() {
    dispatcher.setRoutes(new Route[] {a}, new Route[0], "");
    CompletableFuture<Void> write = request("write", true);
    request("read", false);
    assertEquals(List.of("read by a"), order);
    dispatcher.setRoutes(new Route[] {a}, new Route[] {b}, "");
    dispatcher.resume();
    assertEquals(List.of("read by a", "write by b"), order);
    assertFalse(write.isDone());
  }

  @Test
  void requestThatFailsByPathAfterPathEndsWithItsTime() {
    paths(a);
    final CompletableFuture<Void> read = request("read", false);
    for (int i = 0; i < 59; i++) {
      now += TimeUnit.SECONDS.toNanos(1);
      a.fail(LOST);
    }
    assertFalse(read.isDone());
    now += TimeUnit.SECONDS.toNanos(1);
    a.fail(LOST);
    assertEquals(LOST, failure(read));
  }

  @Test
  void closingFailsWhatWaits() {
    CompletableFuture<Void> waiting = request("read", false);
    dispatcher.close(new SessionClosedException("closed"));
    assertInstanceOf(SessionClosedException.class, failure(waiting));
    assertInstanceOf(SessionClosedException.class, failure(request("late", true)));
  }
}
