package org.jclusterfs.core.txn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.journal.BlockImage;
import org.jclusterfs.journal.Journal;
import org.jclusterfs.journal.OrderedData;
import org.junit.jupiter.api.Test;

/** How an operation's part of a transaction ends. */
final class TransactionTest {

  /** Nothing is read here, so there is no device. */
  private final MetaStore store = new MetaStore(null, new UUID(1, 2), 0);

  private final LockScope scope = new LockScope(LockScope.inodeLock(5, 0));

  /** What happened, in order. */
  private final List<String> events = new ArrayList<>();

  private final class Handle implements Journal.Handle {
    @Override
    public void log(BlockImage block) {
      events.add("log");
    }

    @Override
    public void revoke(long address) {
      events.add("revoke");
    }

    @Override
    public void ordered(OrderedData data) {}

    @Override
    public void accompany(OrderedData data) {}

    @Override
    public long sequence() {
      return 1;
    }

    @Override
    public void close() {
      events.add("end");
    }
  }

  private Transaction begin() {
    return new Transaction(store, new Handle(), cause -> events.add("abort"));
  }

  @Test
  void completedChangesAreKept() {
    try (Transaction tx = begin()) {
      tx.create(scope, 5, InodeBlock.MAGIC, 5, 1);
      tx.complete();
    }
    assertEquals(List.of("log", "end"), events);
  }

  @Test
  void failureAfterAChangeAbortsTheJournalBeforeTheTransactionCanCommit() {
    assertThrows(
        IOException.class,
        () -> {
          try (Transaction tx = begin()) {
            tx.create(scope, 5, InodeBlock.MAGIC, 5, 1);
            throw new IOException("medium error");
          }
        });
    assertEquals(List.of("log", "abort", "end"), events);
  }

  @Test
  void freedBlockIsAChangeToo() {
    try (Transaction tx = begin()) {
      tx.free(scope, 5);
    }
    assertEquals(List.of("revoke", "abort", "end"), events);
  }

  @Test
  void failureBeforeTheFirstChangeIsHarmless() {
    assertThrows(
        IOException.class,
        () -> {
          try (Transaction tx = begin()) {
            throw new IOException("medium error");
          }
        });
    assertEquals(List.of("end"), events);
  }
}
