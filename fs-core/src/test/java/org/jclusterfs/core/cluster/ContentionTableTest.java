package org.jclusterfs.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jclusterfs.dlm.LockName;
import org.junit.jupiter.api.Test;

class ContentionTableTest {

  private static LockName inode(long id) {
    return new LockName(LockType.INODE.code(), 0, id);
  }

  @Test
  void countsPerLock() {
    ContentionTable table = new ContentionTable();
    table.blocking(inode(1));
    table.waited(inode(1), 500);
    table.waited(inode(1), 700);
    assertEquals(
        new ContentionTable.Entry(inode(1), 1, 2, 1200, 0), table.entries().iterator().next());
  }

  @Test
  void fullTableKeepsTheOneThatIsWantedOften() {
    ContentionTable table = new ContentionTable();
    for (int round = 0; round < 10; round++) {
      table.blocking(inode(1));
      for (int other = 0; other < ContentionTable.CAPACITY; other++) {
        table.blocking(inode(1_000L * round + 2 + other));
      }
    }
    assertEquals(ContentionTable.CAPACITY, table.entries().size());
    ContentionTable.Entry hot =
        table.entries().stream().filter(e -> e.name().equals(inode(1))).findFirst().orElseThrow();
    assertTrue(hot.weight() >= 10, hot::toString);
    assertTrue(hot.blocking() >= 1 && hot.blocking() <= 10, hot::toString);
  }

  @Test
  void locksWantedOnceAreNotContendedHoweverManyThereAre() {
    ContentionTable table = new ContentionTable();
    for (int i = 0; i < 10 * ContentionTable.CAPACITY; i++) {
      table.waited(inode(i), 1);
    }
    assertTrue(table.entries().stream().noneMatch(ContentionTable.Entry::isContended));
  }
}
