package org.jclusterfs.iscsi.multipath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.scsi.TgtdTarget;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A LUN of a real tgtd by two portals, and by two targets that lead to other LUNs. */
class MultipathTgtdTest {

  private static final InitiatorOptions OPTIONS =
      InitiatorOptions.of("iqn.2026-01.com.example.client:paths");
  private static final String OTHER = "iqn.2026-01.com.example:other";

  @TempDir static Path directory;
  private static TgtdTarget target;
  private static Portal second;

  @BeforeAll
  static void startTarget() throws Exception {
    target = TgtdTarget.start(directory);
    second = target.addPortal("127.0.0.2");
    target.addTarget(2, OTHER);
  }

  @AfterAll
  static void stopTarget() throws Exception {
    target.close();
  }

  private static IscsiUrl url(List<Portal> portals, String... targets) {
    return new IscsiUrl(null, portals, List.of(targets), 1);
  }

  private static MultipathLun open(IscsiUrl url, String... options) throws IscsiException {
    Map<String, String> values = options.length == 0 ? Map.of() : Map.of(options[0], options[1]);
    return MultipathLun.open(name -> OPTIONS, url, MultipathOptions.parse(values));
  }

  private static MultipathLun openTwoPortals(String... options) throws IscsiException {
    return open(url(List.of(target.portal(), second), TgtdTarget.IQN), options);
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 3000 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertTrue(condition.getAsBoolean(), what);
  }

  private static List<PathState> states(MultipathLun disk) {
    return disk.paths().stream().map(PathInfo::state).toList();
  }

  private static ByteBuffer stamped(long stamp) {
    return ByteBuffer.allocateDirect(4096).putLong(0, stamp).putLong(4088, stamp);
  }

  @Test
  void onePortalAndOneTargetAreAPlainLun() throws Exception {
    try (Disk disk =
        Multipath.open(
            name -> OPTIONS,
            url(List.of(target.portal()), TgtdTarget.IQN),
            MultipathOptions.DEFAULTS)) {
      assertInstanceOf(Lun.class, disk);
      assertFalse(disk.hasSeveralPaths());
    }
  }

  @Test
  void requestsAreSpreadOverBothPaths() throws Exception {
    try (MultipathLun disk = openTwoPortals("path_selector", "round-robin")) {
      assertEquals(List.of(PathState.UP, PathState.UP), states(disk));
      for (int i = 0; i < 16; i++) {
        disk.write(i * 4096L, stamped(i), Priority.ORDINARY).get(30, TimeUnit.SECONDS);
      }
      disk.flush(Priority.ORDINARY).get(30, TimeUnit.SECONDS);
      disk.paths()
          .forEach(
              path -> {
                assertTrue(path.inUse());
                assertEquals(0, path.inFlight());
                assertEquals(0, path.errors());
              });
      assertEquals(
          2, disk.paths().stream().map(PathInfo::isid).distinct().count(), "one ISID each");
    }
  }

  @Test
  void connectionsThatAreLostAgainAndAgainCostNoErrorAndNoOrder() throws Exception {
    try (MultipathLun disk = openTwoPortals()) {
      AtomicInteger prepared = new AtomicInteger();
      disk.setPreparation((nexus, again) -> prepared.incrementAndGet());
      int blocks = 64;
      for (int round = 1; round <= 6; round++) {
        List<CompletableFuture<?>> writes = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
          writes.add(disk.write(i * 4096L, stamped(1000L * round + i), Priority.ORDINARY));
        }
        disk.nexuses().get(round % disk.nexuses().size()).session().dropConnection();
        CompletableFuture.allOf(writes.toArray(new CompletableFuture<?>[0]))
            .get(30, TimeUnit.SECONDS);
        for (int i = 0; i < blocks; i++) {
          ByteBuffer found = ByteBuffer.allocateDirect(4096);
          disk.read(i * 4096L, found, Priority.ORDINARY).get(30, TimeUnit.SECONDS);
          assertEquals(1000L * round + i, found.getLong(0));
        }
        await("failback", () -> disk.nexuses().size() == 2);
      }
      assertEquals(6, prepared.get());
    }
  }

  @Test
  void pathToAnotherLunIsRefusedWithBothNames() throws Exception {
    try (MultipathLun disk = open(url(List.of(target.portal()), TgtdTarget.IQN, OTHER))) {
      assertEquals(List.of(PathState.UP, PathState.REFUSED), states(disk));
      String reason = disk.paths().get(1).reason();
      assertTrue(reason.contains(OTHER), reason);
      assertTrue(reason.contains(disk.inquiry().wwid()), reason);
      assertTrue(reason.contains("leads to another LUN"), reason);
      disk.write(0, stamped(1), Priority.ORDINARY).get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void portalOfAnotherTgtdOfTheSameNameIsRefusedWithBothSizes() throws Exception {
    try (TgtdTarget small =
            TgtdTarget.start(
                Files.createDirectory(directory.resolve("small")), TgtdTarget.IQN, 64 << 20);
        MultipathLun disk = open(url(List.of(target.portal(), small.portal()), TgtdTarget.IQN))) {
      assertEquals(List.of(PathState.UP, PathState.REFUSED), states(disk));
      String reason = disk.paths().get(1).reason();
      assertTrue(reason.contains(small.portal().toString()), reason);
      assertTrue(reason.contains("of 131072 blocks of 512 bytes"), reason);
      assertTrue(reason.contains("of 524288 blocks of 512 bytes"), reason);
    }
  }

  @Test
  void targetOfAnotherTgtdIsRefusedThoughWwidAndSizeAreTheSame() throws Exception {
    String name = "iqn.2026-01.com.example:elsewhere";
    try (TgtdTarget elsewhere =
            TgtdTarget.start(
                Files.createDirectory(directory.resolve("elsewhere")), name, 256 << 20);
        MultipathLun disk =
            open(url(List.of(target.portal(), elsewhere.portal()), TgtdTarget.IQN, name))) {
      assertEquals(PathState.UP, disk.paths().get(0).state());
      assertEquals(PathState.REFUSED, disk.paths().get(3).state());
      String reason = disk.paths().get(3).reason();
      assertTrue(reason.contains("locally assigned"), reason);
      assertTrue(reason.contains(name) && reason.contains(TgtdTarget.IQN + ","), reason);
    }
  }

  @Test
  void portalThatIsNotThereIsTriedAgainWhileTheOtherWorks() throws Exception {
    Portal nobody = new Portal("127.0.0.1", TgtdTarget.freePort());
    try (MultipathLun disk = open(url(List.of(nobody, target.portal()), TgtdTarget.IQN))) {
      assertEquals(List.of(PathState.DOWN, PathState.UP), states(disk));
      assertTrue(disk.paths().get(0).reason().contains("refused the connection"));
      disk.write(0, stamped(1), Priority.ORDINARY).get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void whereNoPathWorksItIsToldOfEach() throws Exception {
    Portal nobody = new Portal("127.0.0.1", TgtdTarget.freePort());
    Portal noneEither = new Portal("127.0.0.2", TgtdTarget.freePort());
    String told =
        assertThrows(
                IscsiException.class,
                () -> open(url(List.of(nobody, noneEither), TgtdTarget.IQN)).close())
            .getMessage();
    assertTrue(told.contains(nobody.toString()) && told.contains(noneEither.toString()), told);
  }

  @Test
  void refusedNexusIsNotUsedAnyMore() throws Exception {
    try (MultipathLun disk = openTwoPortals()) {
      disk.refuse(disk.nexuses().get(0), "it is strange");
      await("one is left", () -> disk.nexuses().size() == 1);
      for (int i = 0; i < 8; i++) {
        disk.write(0, stamped(i), Priority.ORDINARY).get(30, TimeUnit.SECONDS);
      }
      assertEquals(List.of(PathState.REFUSED, PathState.UP), states(disk));
    }
  }

  @Test
  void nexusThatMayNotWriteTakesReadsOnly() throws Exception {
    try (MultipathLun disk = openTwoPortals("path_selector", "round-robin")) {
      disk.setWritable(disk.nexuses().get(0), false);
      assertTrue(disk.paths().get(0).inUse());
      assertFalse(disk.paths().get(0).writable());
      assertEquals(second, disk.nexuses().get(0).session().portal(), "writers come first");
      disk.write(0, stamped(5), Priority.ORDINARY).get(30, TimeUnit.SECONDS);
    }
  }
}
