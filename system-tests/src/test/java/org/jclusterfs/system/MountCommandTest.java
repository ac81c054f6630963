package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** mount(8), umount(8), df(1), findmnt(8) and the tools beside a mounted volume, as at a shell. */
class MountCommandTest {

  /** Issue: mount(8) gives up within this, whatever is wrong. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** One of each kind for all tests, since starting one costs more than formatting a volume. */
  private static final Map<Target.Kind, Target> TARGETS = new EnumMap<>(Target.Kind.class);

  private Target target;
  private Cluster cluster;

  @AfterEach
  void unmount() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @AfterAll
  static void stopTargets() {
    TARGETS.values().forEach(Target::close);
    TARGETS.clear();
  }

  @ParameterizedTest
  @EnumSource(names = {"TGTD", "LIO"})
  void lineInFstabMountsByDirectoryAndByAll(Target.Kind kind) throws IOException {
    Node node = start(kind, 4);
    Path fstab = fstab(node);
    for (String how : List.of("mount -T %s %s", "mount -a -T %s")) {
      Commands.shell(how.formatted(fstab, node.directory())).orFail();
      assertTrue(node.isMounted(), how);
      String df = Commands.run("df", node.directory().toString()).orFail().out();
      assertTrue(df.contains(target.device()) && df.contains(node.directory().toString()), df);
      String found =
          Commands.run("findmnt", "-n", "-o", "SOURCE,FSTYPE", node.directory().toString())
              .orFail()
              .out();
      assertTrue(found.contains(target.device()) && found.contains("fuse.jclusterfs"), found);
      Files.writeString(node.path("written"), how);
      node.unmount();
      assertFalse(node.isMounted(), "after umount");
    }
    cluster.unmountAndCheck();
  }

  @ParameterizedTest
  @EnumSource
  void fsckWorksAtOnceAfterUnmount(Target.Kind kind) throws IOException {
    Node node = start(kind, 2);
    for (int n = 0; n < 2; n++) {
      node.mount();
      Files.writeString(node.path("file" + n), "x".repeat(10_000));
      Path state = Path.of("/run/jclusterfs", Long.toString(node.daemon()));
      assertTrue(Files.exists(state));
      node.unmount();
      assertFalse(Files.exists(state), "umount returns only when the daemon has left");
      cluster.fsck("-n", "-f").orFail();
    }
  }

  @Test
  void outputOfMountCanBeSubstitutedInAShell() throws IOException {
    Node node = start(Target.Kind.FILE, 2);
    Path fstab = fstab(node);
    Outcome outcome =
        Commands.shell(
                "said=$(mount -T %s %s 2>&1); echo \"done $said\""
                    .formatted(fstab, node.directory()))
            .orFail();
    assertTrue(outcome.out().startsWith("done"), outcome.describe());
    assertTrue(node.isMounted());
    node.unmount();
  }

  @Test
  void remountGoesByTheLineInFstabAndByTheMountItself() throws IOException {
    Node node = start(Target.Kind.FILE, 2);
    Path fstab = fstab(node);
    MountLinks.ensure();
    Path directory = node.directory();
    Commands.shell("mount -T %s %s && echo x >%s/file".formatted(fstab, directory, directory))
        .orFail();
    for (String how : List.of("-T " + fstab, "")) {
      assertEquals("ro,noatime", remounted(how, "ro", node), how);
      assertNotEquals(0, Commands.shell("touch " + directory + "/no").status(), how);
      assertEquals("rw,noexec,noatime,lazytime", remounted(how, "rw,lazytime,noexec", node), how);
      assertEquals("rw,noatime", remounted(how, "nolazytime,exec", node), how);
      Commands.shell("touch " + directory + "/yes").orFail();
    }
    Outcome refused =
        Commands.shell("mount -T %s -o remount,cache=64M %s".formatted(fstab, directory));
    assertEquals(32, refused.status(), refused.describe());
    assertTrue(refused.err().contains("option cache cannot be changed"), refused.describe());
    cluster.unmountAndCheck();
  }

  /** Remounts; gives the options that the kernel shows then, but for those of every FUSE mount. */
  private static String remounted(String how, String options, Node node) throws IOException {
    Path directory = node.directory();
    Commands.shell("mount %s -o remount,%s %s".formatted(how, options, directory)).orFail();
    String all =
        Commands.run("findmnt", "-n", "-o", "OPTIONS", directory.toString()).orFail().out();
    return all.strip().replaceFirst(",user_id.*", "");
  }

  @Test
  void wrongTargetNameIsNamed() {
    Node node = start(Target.Kind.TGTD, 2);
    String wrong = target.device().replace(":disk/", ":nothere/");
    refused(new Node(9, node.directory(), wrong, "initiator=" + target.initiator(0)), "nothere");
  }

  @Test
  void initiatorThatTheTargetDoesNotKnowIsNamed() {
    Node node = start(Target.Kind.LIO, 2);
    String stranger = "iqn.2026-01.org.jclusterfs.test:stranger";
    refused(new Node(9, node.directory(), target.device(), "initiator=" + stranger), stranger);
  }

  @Test
  void deadPortalIsNamed() throws IOException {
    Node node = start(Target.Kind.FILE, 2);
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    String dead = "iscsi://127.0.0.1:" + free + "/iqn.2026-01.org.jclusterfs.test:disk/1";
    refused(new Node(9, node.directory(), dead, "initiator=" + target.initiator(0)), "127.0.0.1");
  }

  @Test
  void volumeWithoutAFreeSlotIsRefused() {
    start(Target.Kind.FILE, 1).mount();
    refused(cluster.node(), "slot");
  }

  @Test
  void deviceWithoutAVolumeIsRefused() {
    try (Target empty = Target.start(Target.Kind.FILE, "1G")) {
      refused(new Node(9, WorkDirectory.make("empty"), empty.device(), ""), "mkfs");
    }
  }

  @ParameterizedTest
  @EnumSource
  void mkfsAndFsckRefuseAMountedVolume(Target.Kind kind) throws IOException {
    Node node = start(kind, 2).mount();
    Files.writeString(node.path("precious"), "kept");
    Outcome mkfs = cluster.mkfs("-F", "-N", "2");
    assertNotEquals(0, mkfs.status(), mkfs.describe());
    assertTrue(mkfs.said().toLowerCase(Locale.ROOT).contains("unmount"), mkfs.describe());
    Outcome fsck = cluster.fsck("-y", "-f");
    assertNotEquals(0, fsck.status(), fsck.describe());
    assertTrue(fsck.said().toLowerCase(Locale.ROOT).contains("unmount"), fsck.describe());
    assertEquals("kept", Files.readString(node.path("precious")));
    node.unmount();
    Outcome second = cluster.mkfs("-N", "2");
    assertNotEquals(0, second.status(), second.describe());
    assertTrue(second.said().contains("-F"), second.describe());
    cluster.fsck("-n", "-f").orFail();
  }

  private Node start(Target.Kind kind, int slots) {
    target = TARGETS.computeIfAbsent(kind, each -> Target.start(each, "1G"));
    cluster = Cluster.format(target, slots, "");
    return cluster.node();
  }

  private Path fstab(Node node) throws IOException {
    String options = "_netdev" + (node.options().isEmpty() ? "" : "," + node.options());
    return Files.writeString(
        WorkDirectory.make("fstab").resolve("fstab"),
        "%s %s jclusterfs %s 0 0%n".formatted(target.device(), node.directory(), options));
  }

  /** mount(8) says 32 within its time, and a line that names what is wrong. */
  private static void refused(Node node, String word) {
    Outcome outcome = node.tryMount();
    System.out.println(outcome.describe());
    assertEquals(32, outcome.status(), outcome.describe());
    assertTrue(outcome.took().compareTo(PATIENCE) < 0, outcome.describe());
    assertTrue(
        outcome.err().lines().anyMatch(l -> l.startsWith("mount") && l.contains(word)),
        outcome.describe());
    assertFalse(node.isMounted());
  }
}
