package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.device.ForwardingDevice;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.device.ProcessIdentity;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The exit statuses, as fsck(8) defines them; 2 (reboot) and 128 are never needed. */
class ExitStatusTest {
  private static final Plants.Plant NOTHING = volume -> {};

  @TempDir static Path directory;

  private static GoodVolume good;

  /** What a run said. */
  private record Run(int status, String out, String err) {}

  @BeforeAll
  static void populate() throws IOException {
    good = new GoodVolume(directory);
  }

  private static Path volume(Problem problem) throws IOException {
    return good.planted(Plants.ALL.get(problem));
  }

  private static Plants.Plant inSuperblocks(Consumer<ByteBuffer> change) {
    return v -> {
      v.change(Superblock.PRIMARY_ADDRESS, change);
      v.change(v.check.geometry.totalBlocks() - 1, change);
    };
  }

  private static Run run(Predicate<String> asker, FsckCommand.Opener opener, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        FsckMain.run(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            asker,
            opener,
            args);
    return new Run(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static Run run(String option, Path file) {
    return run(null, Devices::open, option, "file:" + file);
  }

  private static void expect(int status, String inErr, Run run) {
    assertEquals(status, run.status(), run.out() + run.err());
    assertTrue(run.err().contains(inErr), run.err());
    assertFalse(run.err().contains("\tat "), run.err());
  }

  @Test
  void cleanVolumeIs0InEveryMode() throws IOException {
    Path file = good.planted(NOTHING);
    for (String option : new String[] {"-n", "-p", "-a", "-y"}) {
      expect(0, "", run(option, file));
    }
    expect(0, "", run(null, Devices::open, "-p", "-f", "-v", "file:" + file));
    expect(0, "", run(question -> false, Devices::open, "file:" + file));
  }

  @Test
  void repairedVolumeIs1() throws IOException {
    expect(1, "", run("-y", volume(Problem.BLOCK_LEAKED)));
    expect(1, "", run("-p", volume(Problem.HEARTBEAT_DAMAGED)));
    String volume = "file:" + volume(Problem.BLOCK_LEAKED);
    expect(1, "", run(question -> true, Devices::open, volume));
  }

  @Test
  void leftProblemIs4() throws IOException {
    Path leaked = volume(Problem.BLOCK_LEAKED);
    expect(4, "", run("-n", leaked));
    expect(4, "", run(question -> false, Devices::open, "file:" + leaked));
    expect(4, "run fsck.jclusterfs by hand", run("-p", volume(Problem.SLOT_DESCRIPTOR_DAMAGED)));
  }

  @Test
  void dirtyJournalIs4UnderNAndStaysDirty() throws IOException {
    Path file = volume(Problem.JOURNAL_DIRTY);
    expect(4, "", run("-n", file));
    expect(4, "", run("-n", file));
    expect(1, "", run("-p", file));
    expect(0, "", run("-n", file));
  }

  @Test
  void fileThatIsTooSmallForASuperblockIs8() throws IOException {
    for (int bytes : new int[] {0, 3000}) {
      Path file = Files.write(directory.resolve("small"), new byte[bytes]);
      expect(8, "is too small to be a jclusterfs volume", run("-n", file));
      expect(8, "is too small to be a jclusterfs volume", run("-y", file));
    }
  }

  @Test
  void volumeThatIsMountedIs8() throws IOException {
    ProcessIdentity here = ProcessIdentities.current();
    Path file =
        good.planted(
            v ->
                v.change(
                    v.check.geometry.slotBlock(1),
                    b -> {
                      VolumePlants.claim(b);
                      SlotDescriptor.pid(b, here.pid());
                      SlotDescriptor.startTime(b, here.startTime());
                    }));
    for (String option : new String[] {"-n", "-p", "-y"}) {
      expect(8, "is in use: slot 1", run(option, file));
    }
  }

  @Test
  void whatIsNoVolumeIs8() throws IOException {
    expect(8, "no-such-file", run("-n", directory.resolve("no-such-file")));
    Path empty = TestVolume.reset(directory.resolve("empty.img"), new byte[1 << 20]);
    expect(8, "no jclusterfs superblock", run("-y", empty));
    expect(8, "too small", run("-y", TestVolume.reset(empty, new byte[4096])));
  }

  @Test
  void deviceThatWasShrunkIs8() throws IOException {
    Path file = directory.resolve("shrunk.img");
    TestVolume.reset(file, java.util.Arrays.copyOf(good.image(), 12 << 20));
    expect(8, "the device was shrunk", run("-y", file));
  }

  @Test
  void volumeOfANewerVersionIs8AndLeftAlone() throws IOException {
    for (Plants.Plant plant :
        new Plants.Plant[] {
          inSuperblocks(b -> Superblock.majorVersion(b, 2)),
          inSuperblocks(b -> Superblock.incompatFeatures(b, 8)),
          inSuperblocks(b -> Superblock.roCompatFeatures(b, 1)),
          v -> v.change(Superblock.PRIMARY_ADDRESS, b -> Superblock.incompatFeatures(b, 1)),
          v -> {
            v.spoil(Superblock.PRIMARY_ADDRESS);
            v.change(v.check.geometry.totalBlocks() - 1, b -> Superblock.incompatFeatures(b, 1));
          },
          v ->
              JournalPlants.changeHeader(
                  v, JournalPlants.newerHeader(v), b -> b.putInt(JournalPlants.FORMAT_VERSION, 2))
        }) {
      Path file = good.planted(plant);
      byte[] before = Files.readAllBytes(file);
      expect(8, "", run("-n", file));
      expect(8, "", run("-y", file));
      // A claim came and went in the slots' descriptors and heartbeats.
      byte[] after = Files.readAllBytes(file);
      int from = 800 * BlockHeader.BLOCK_SIZE;
      assertTrue(java.util.Arrays.equals(before, from, before.length, after, from, after.length));
    }
  }

  @Test
  void compatibleFeaturesThatNobodyKnowsAre0() throws IOException {
    expect(
        0,
        "",
        run(
            "-n",
            good.planted(
                inSuperblocks(
                    b -> {
                      Superblock.compatFeatures(b, 4);
                      Superblock.minorVersion(b, 1);
                    }))));
  }

  @Test
  void nobodyToAskIs8() throws IOException {
    String volume = "file:" + good.planted(NOTHING);
    expect(8, "use -n, -p or -y", run(null, Devices::open, volume));
  }

  /** A device that fails where it is told to. */
  private static FsckCommand.Opener failing(long block, boolean write) {
    return spec ->
        new ForwardingDevice(Devices.open(spec)) {
          @Override
          public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
            return !write && meets(offset, dst) ? failure("read") : super.read(offset, dst);
          }

          @Override
          public CompletableFuture<Void> write(long offset, ByteBuffer src) {
            return write && meets(offset, src) ? failure("write") : super.write(offset, src);
          }

          private boolean meets(long offset, ByteBuffer buffer) {
            long at = block * BlockHeader.BLOCK_SIZE;
            return offset <= at && at < offset + buffer.remaining();
          }

          private CompletableFuture<Void> failure(String what) {
            return CompletableFuture.failedFuture(new IOException("medium error at the " + what));
          }
        };
  }

  @Test
  void blockThatCannotBeReadIs8AndIsNotTakenForDamaged() throws IOException {
    Path file = good.planted(NOTHING);
    long[] blocks;
    try (TestVolume v = TestVolume.open(file)) {
      var geometry = v.check.geometry;
      blocks =
          new long[] {
            Superblock.PRIMARY_ADDRESS,
            geometry.totalBlocks() - 1,
            geometry.slotBlock(3),
            geometry.fenceBlock(1),
            SlotDescriptor.journalStart(v.check.store.read(geometry.slotBlock(1))),
            v.check.rootInode(),
            v.small,
            geometry.groupStart(1),
            geometry.bitmapBlock(0, 0)
          };
    }
    for (long block : blocks) {
      expect(8, "medium error", run(null, failing(block, false), "-n", "file:" + file));
      expect(8, "medium error", run(null, failing(block, false), "-y", "file:" + file));
      expect(0, "", run("-n", file));
    }
  }

  @Test
  void repairThatCannotBeWrittenIs8AndCanBeDoneAgain() throws IOException {
    Path file = good.planted(v -> v.change(v.small, b -> b.putInt(76, 7)));
    long small;
    try (TestVolume v = TestVolume.open(file)) {
      small = v.small;
    }
    expect(8, "medium error", run(null, failing(small, true), "-y", "file:" + file));
    expect(4, "", run("-n", file));
    expect(1, "", run("-y", file));
    expect(0, "", run("-n", file));
  }

  static Stream<String> wrongCommandLines() {
    return Stream.of(
        "",
        "-x DEVICE",
        "--no-such-option DEVICE",
        "-n -y DEVICE",
        "-p -n DEVICE",
        "-a -y DEVICE",
        "-b DEVICE",
        "-b x DEVICE",
        "-b -1 DEVICE",
        "DEVICE another");
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.MethodSource("wrongCommandLines")
  void wrongCommandLineIs16AndTellsTheUsage(String line) throws IOException {
    String given = line.replace("DEVICE", "file:" + good.planted(NOTHING)).strip();
    Run run = run(null, Devices::open, given.isEmpty() ? new String[0] : given.split(" "));
    expect(16, "Usage: fsck.jclusterfs", run);
    assertEquals("", run.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "--version", "-V"})
  void questionAboutTheToolIs0(String option) {
    Run run = run(null, Devices::open, option);
    expect(0, "", run);
    assertTrue(run.out().contains("fsck.jclusterfs"), run.out());
  }

  @Test
  void cancelledRunIs32() throws Exception {
    // Held by a host that nobody knows: its heartbeat is watched for seconds.
    Path file =
        good.planted(
            v ->
                v.change(
                    v.check.geometry.slotBlock(1),
                    b -> {
                      VolumePlants.claim(b);
                      SlotDescriptor.bootId(b, new UUID(1, 1));
                    }));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                FsckMain.class.getName(),
                "-n",
                "file:" + file)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("cancelled.log").toFile())
            .start();
    try {
      for (int i = 0; i < 600 && !hasOpen(process, file); i++) {
        Thread.sleep(50);
      }
      process.destroy();
      assertTrue(process.waitFor(30, TimeUnit.SECONDS));
      assertEquals(32, process.exitValue(), Files.readString(directory.resolve("cancelled.log")));
    } finally {
      process.destroyForcibly();
    }
  }

  private static boolean hasOpen(Process process, Path file) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      return open.anyMatch(
          fd -> {
            try {
              return Files.isSymbolicLink(fd) && Files.readSymbolicLink(fd).equals(file);
            } catch (IOException e) {
              return false; // closed meanwhile
            }
          });
    }
  }
}
