package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jclusterfs.system.NamespaceOperation.Kind;
import org.jclusterfs.system.NamespaceOperation.Type;
import org.junit.jupiter.api.Test;

class LinearizerTest {

  private static NamespaceOperation call(Kind kind, int place, long begun, long ended, int errno) {
    return new NamespaceOperation(kind, place, 0, begun, ended, errno, Type.NONE, 0, 0, 0);
  }

  private static String contradiction(NamespaceOperation one, NamespaceOperation... others) {
    return new NamespaceHistory(List.of(List.of(one), List.of(others))).contradiction();
  }

  @Test
  void callsThatOverlapMayHaveHappenedInEitherOrder() {
    NamespaceOperation made = call(Kind.MKDIR, 3, 0, 100, 0);
    assertEquals("", contradiction(made, call(Kind.RMDIR, 3, 50, 150, 0)));
    assertEquals("", contradiction(made, call(Kind.RMDIR, 3, 50, 150, SystemCalls.ENOENT)));
  }

  @Test
  void nameMadeBeforeALookBeganHasToBeSeen() {
    NamespaceOperation made = call(Kind.MKDIR, 3, 0, 100, 0);
    NamespaceOperation missed = call(Kind.STAT, 3, 101, 150, SystemCalls.ENOENT);
    assertTrue(contradiction(made, missed).contains("stat d0/n3: errno 2"));
  }

  @Test
  void nameOnceSeenIsNotMissedByALaterLook() {
    NamespaceOperation made = call(Kind.MKDIR, 3, 0, 100, 0);
    NamespaceOperation seen =
        new NamespaceOperation(Kind.STAT, 3, 0, 10, 20, 0, Type.DIRECTORY, 0, 0, 0);
    NamespaceOperation missed = call(Kind.STAT, 3, 30, 40, SystemCalls.ENOENT);
    assertTrue(contradiction(made, seen, missed).contains("no order explains"));
  }

  @Test
  void secondRenameOfOneNameMayFindItThereAlreadyButOnlyWhileTheFirstIsUnderWay() {
    NamespaceOperation made = call(Kind.MKDIR, 3, 0, 10, 0);
    NamespaceOperation first =
        new NamespaceOperation(Kind.RENAME, 3, 4, 20, 90, 0, Type.NONE, 0, 0, 0);
    NamespaceOperation during =
        new NamespaceOperation(Kind.RENAME, 3, 4, 30, 80, 0, Type.NONE, 0, 0, 0);
    NamespaceOperation after =
        new NamespaceOperation(Kind.RENAME, 3, 4, 91, 95, 0, Type.NONE, 0, 0, 0);
    assertEquals(
        "", new NamespaceHistory(List.of(List.of(made, first), List.of(during))).contradiction());
    String told =
        new NamespaceHistory(List.of(List.of(made, first), List.of(after))).contradiction();
    assertTrue(told.contains("no order explains"));
  }

  @Test
  void oneNameIsMadeByOneOnly() {
    NamespaceOperation made = call(Kind.MKDIR, 3, 0, 100, 0);
    assertTrue(contradiction(made, call(Kind.SYMLINK, 3, 0, 100, 0)).contains("no order"));
  }
}
