package org.jclusterfs.core.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.core.cluster.LockStatistics.Counter;
import org.jclusterfs.core.cluster.LockType;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.ForwardingDevice;
import org.jclusterfs.core.device.MemoryBlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.VolumeFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one node tells of inodes that another one changed, and how much of it is read from disk. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class RemoteAttributesTest {
  private static final int FILES = 200;
  private static final int GROUP_BLOCKS = 1 << 17;
  private static final int THRESHOLD_MILLIS = 3000;
  private static final int RANDOM_STEPS = 200;

  /** Counts the inodes that are read, each by itself or along with others. */
  private static final class InodeReads extends ForwardingDevice {
    private final AtomicInteger count = new AtomicInteger();

    InodeReads(BlockDevice device) {
      super(device);
    }

    @Override
    public CompletableFuture<Void> read(long offset, ByteBuffer dst) {
      ByteBuffer read = dst.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      return super.read(offset, dst)
          .thenRun(
              () -> {
                for (int at = read.position();
                    at + BlockHeader.BLOCK_SIZE <= read.limit();
                    at += BlockHeader.BLOCK_SIZE) {
                  if (read.getInt(at) == InodeBlock.MAGIC) {
                    count.incrementAndGet();
                  }
                }
              });
    }
  }

  private MemoryBlockDevice deviceOfA;
  private InodeReads readsOfA;
  private InodeReads reads;
  private TestVolume a;
  private TestVolume b;
  private long dir;

  @BeforeEach
  void mount() throws Exception {
    deviceOfA = MemoryBlockDevice.ofSize(256L << 20);
    VolumeFormatter.format(
        deviceOfA, FormatOptions.defaults().withSlots(2).withGroupBlocks(GROUP_BLOCKS));
    readsOfA = new InodeReads(deviceOfA);
    reads = new InodeReads(deviceOfA.disk().connect());
    a = TestVolume.over(readsOfA, THRESHOLD_MILLIS);
    b = TestVolume.over(reads, THRESHOLD_MILLIS);
    dir = a.makeDirectory(a.root(), "dir").inode();
    b.lookup(b.root(), "dir");
    b.list(dir);
  }

  @AfterEach
  void unmount() throws Exception {
    b.close();
    a.close();
  }

  /** What b tells; without reading any inode. */
  private Attributes toldByB(long inode) throws Exception {
    int before = reads.count.get();
    Attributes told = b.attributes(inode);
    assertEquals(before, reads.count.get(), "an inode was read from the device");
    return told;
  }

  private void bothAgree(long inode) throws Exception {
    assertEquals(a.attributes(inode), toldByB(inode));
  }

  /** Node a makes files of 0, 100, 200 … bytes. */
  private List<Attributes> makeFiles() throws Exception {
    List<Attributes> made = new ArrayList<>();
    for (int i = 0; i < FILES; i++) {
      OpenFile file = a.create(dir, "f" + i);
      a.write(file, 0, new byte[i * 100]);
      a.vfs.release(file, 0);
      made.add(a.attributes(file.inode()));
    }
    return made;
  }

  @Test
  void statsOfAnotherNodesFilesReadNoInode() throws Exception {
    List<Attributes> made = makeFiles();
    b.list(dir);
    int before = reads.count.get();
    for (int i = 0; i < FILES; i++) {
      assertEquals(made.get(i), b.lookup(dir, "f" + i));
      assertEquals(made.get(i), b.attributes(made.get(i).inode()));
    }
    assertEquals(before, reads.count.get());
    assertTrue(
        ((FileSystem) b.vfs).locks().statistics().get(LockType.INODE, Counter.WITH_VALUE) >= FILES);
    // What needs more than the attributes reads it then, and it fits to what was told.
    OpenFile file = b.open(made.get(99).inode(), 0);
    assertArrayEquals(new byte[9900], b.read(file, 0, 20_000));
    b.vfs.release(file, 0);
    assertEquals(made.get(99), b.attributes(file.inode()));
  }

  @Test
  void attributesOutliveTheirBlocksInMemory() throws Exception {
    List<Attributes> made = makeFiles();
    for (int i = 0; i < FILES; i += 2) {
      a.vfs.forget(made.get(i).inode(), 1);
    }
    ((FileSystem) a.vfs).comeToRest();
    ((FileSystem) a.vfs).sweep();
    int before = readsOfA.count.get();
    assertEquals(made.get(7), a.attributes(made.get(7).inode()));
    assertEquals(made.get(8), a.attributes(made.get(8).inode()));
    assertEquals(before, readsOfA.count.get());
    for (Attributes each : made) {
      assertEquals(each, toldByB(each.inode()));
    }
    ((FileSystem) b.vfs).sweep();
    for (Attributes each : made) {
      assertEquals(each, toldByB(each.inode()));
    }
    // What was written before it left the memory is there.
    OpenFile file = a.open(made.get(150).inode(), TestVolume.O_RDWR);
    assertArrayEquals(new byte[15_000], a.read(file, 0, 20_000));
    a.write(file, 0, new byte[16_000]);
    assertEquals(16_000, toldByB(file.inode()).size());
    a.vfs.release(file, 0);
    bothAgree(file.inode());
  }

  @Test
  void sweepOfAReaderTakesNothingFromTheOthers() throws Exception {
    long inode = a.create(dir, "f").inode();
    OpenFile reading = b.open(inode, 0);
    b.read(reading, 0, 10);
    b.vfs.release(reading, 0);
    a.attributes(inode);
    long messages = ((FileSystem) b.vfs).locks().messagesSent();
    ((FileSystem) b.vfs).sweep();
    assertEquals(messages, ((FileSystem) b.vfs).locks().messagesSent());
    int before = readsOfA.count.get();
    bothAgree(inode);
    assertEquals(before, readsOfA.count.get());
  }

  @Test
  void nodesThatSweepAllTheTimeLoseNothing() throws Exception {
    CompletableFuture<Void> stop = new CompletableFuture<>();
    Thread sweeper =
        new Thread(
            () -> {
              while (!stop.isDone()) {
                ((FileSystem) a.vfs).sweep();
                ((FileSystem) b.vfs).sweep();
              }
            });
    sweeper.start();
    try {
      inTurn();
    } finally {
      stop.complete(null);
      sweeper.join();
    }
  }

  @Test
  void everyKindOfChangeIsTold() throws Exception {
    OpenFile file = a.create(dir, "f", TestVolume.O_RDWR);
    long inode = file.inode();
    bothAgree(inode);
    a.write(file, 0, new byte[100]);
    assertEquals(100, toldByB(inode).size());
    a.write(file, 100_000, new byte[100]);
    assertEquals(100_100, toldByB(inode).size());
    bothAgree(inode);
    a.vfs.allocate(file, 1, 1 << 20, 1 << 20);
    bothAgree(inode);
    a.vfs.allocate(file, 3, 0, 1 << 20);
    bothAgree(inode);
    a.truncate(inode, 5);
    assertEquals(5, toldByB(inode).size());
    Instant time = Instant.ofEpochSecond(-1234567890, 987654321);
    change(a, inode, new AttributeChange(0640, 12, -2, null, time, time.plusNanos(1), false));
    Attributes told = toldByB(inode);
    assertEquals(0100640, told.mode());
    assertEquals(List.of(12, -2), List.of(told.uid(), told.gid()));
    assertEquals(List.of(time, time.plusNanos(1)), List.of(told.accessTime(), told.modifyTime()));
    a.vfs.link(InodeId.ofNumber(inode), InodeId.ofNumber(dir), TestVolume.name("g"), done -> {});
    assertEquals(2, toldByB(inode).linkCount());
    a.vfs.setXattr(InodeId.ofNumber(inode), TestVolume.name("user.x"), new byte[10], 0);
    bothAgree(inode);
    a.vfs.removeXattr(InodeId.ofNumber(inode), TestVolume.name("user.x"));
    bothAgree(inode);
    a.rename(dir, "g", a.root(), "h");
    bothAgree(inode);
    a.unlink(a.root(), "h");
    assertEquals(1, toldByB(inode).linkCount());
    OpenFile truncating = a.open(inode, TestVolume.O_RDWR | OpenHandle.O_TRUNC);
    assertEquals(0, toldByB(inode).size());
    a.vfs.release(truncating, 0);
    a.vfs.release(file, 0);
    long sub = a.makeDirectory(dir, "sub").inode();
    assertEquals(3, toldByB(dir).linkCount());
    bothAgree(dir);
    bothAgree(sub);
    a.vfs.removeDirectory(InodeId.ofNumber(dir), TestVolume.name("sub"), done -> {});
    assertEquals(2, toldByB(dir).linkCount());
  }

  private static void change(TestVolume node, long inode, AttributeChange change)
      throws FsException {
    node.vfs.setAttributes(InodeId.ofNumber(inode), change, done -> {});
  }

  @Test
  void devicesSymlinksAndFifosAreTold() throws Exception {
    AtomicReference<Attributes> made = new AtomicReference<>();
    a.vfs.makeNode(
        InodeId.ofNumber(dir),
        TestVolume.name("null"),
        0020666,
        1,
        1_000_000,
        TestVolume.ROOT,
        made::set);
    assertEquals(made.get(), toldByB(made.get().inode()));
    assertEquals(1_000_000, made.get().rdevMinor());
    a.vfs.makeNode(
        InodeId.ofNumber(dir), TestVolume.name("fifo"), 0010600, 0, 0, TestVolume.ROOT, made::set);
    assertEquals(made.get(), toldByB(made.get().inode()));
    a.vfs.makeSymlink(
        InodeId.ofNumber(dir),
        TestVolume.name("link"),
        TestVolume.name("target"),
        TestVolume.ROOT,
        made::set);
    assertEquals(made.get(), toldByB(made.get().inode()));
    AtomicReference<byte[]> target = new AtomicReference<>();
    b.vfs.readLink(InodeId.ofNumber(made.get().inode()), target::set);
    assertArrayEquals(TestVolume.name("target"), target.get());
  }

  @Test
  void attributesThatDoNotFitAreReadFromTheDevice() throws Exception {
    long inode = a.create(dir, "f").inode();
    Instant far = Instant.ofEpochSecond(1L << 40, 5);
    change(a, inode, new AttributeChange(null, null, null, null, far, far, false));
    assertEquals(far, b.attributes(inode).modifyTime());
    a.truncate(inode, 1L << 50);
    Instant near = Instant.ofEpochSecond(1, 5);
    change(a, inode, new AttributeChange(null, null, null, null, near, near, false));
    assertEquals(a.attributes(inode), b.attributes(inode));
    assertEquals(1L << 50, b.attributes(inode).size());
    a.truncate(inode, 7);
    bothAgree(inode);
  }

  @Test
  void absenceOfExtendedAttributesIsToldToo() throws Exception {
    long inode = a.create(dir, "f").inode();
    toldByB(inode);
    int before = reads.count.get();
    byte[] name = TestVolume.name("user.x");
    FsException none =
        assertThrows(
            FsException.class, () -> b.vfs.getXattr(InodeId.ofNumber(inode), name, value -> {}));
    assertEquals(FsException.Failure.NO_ATTRIBUTE, none.failure());
    b.vfs.listXattrs(InodeId.ofNumber(inode), names -> assertEquals(List.of(), names));
    assertEquals(before, reads.count.get());
    a.vfs.setXattr(InodeId.ofNumber(inode), name, new byte[] {1, 2}, 0);
    b.vfs.getXattr(
        InodeId.ofNumber(inode), name, value -> assertArrayEquals(new byte[] {1, 2}, value));
    b.vfs.listXattrs(InodeId.ofNumber(inode), names -> assertEquals(1, names.size()));
    bothAgree(inode);
  }

  @Test
  void numberThatIsUsedAgainTellsItsNewInode() throws Exception {
    OpenFile first = a.create(dir, "f");
    a.write(first, 0, new byte[10]);
    a.vfs.release(first, 0);
    Attributes old = toldByB(first.inode());
    a.unlink(dir, "f");
    ((FileSystem) a.vfs).comeToRest();
    assertThrows(FsException.class, () -> b.attributes(old.inode()));
    // The other node looks for space from the start of the only group.
    long again = 0;
    for (int i = 0; again != old.inode(); i++) {
      assertTrue(i < 1000, "the number does not come again");
      again = b.makeDirectory(dir, "d" + i).inode();
    }
    int before = readsOfA.count.get();
    Attributes made = a.attributes(again);
    assertEquals(before, readsOfA.count.get());
    assertEquals(b.attributes(again), made);
    assertNotEquals(old.generation(), made.generation());
  }

  @Test
  void inodesOfNodeThatDiedAreReadFromTheDevice() throws Exception {
    OpenFile file = a.create(dir, "f");
    a.write(file, 0, new byte[10]);
    assertEquals(10, toldByB(file.inode()).size());
    a.write(file, 0, new byte[20]);
    a.vfs.sync(file.inode(), false);
    // From now on whatever a does fails: it stops, and b takes it for dead.
    deviceOfA.close();
    int before = reads.count.get();
    assertEquals(20, b.attributes(file.inode()).size());
    assertTrue(reads.count.get() > before, "nothing was read");
  }

  @Test
  void nodesInTurnAlwaysTellTheSame() throws Exception {
    inTurn();
    for (String name : a.list(dir)) {
      // Reads are not counted here: in the background inodes are read to be freed.
      long inode = a.lookup(dir, name).inode();
      assertEquals(a.attributes(inode), b.attributes(inode));
    }
  }

  private void inTurn() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int files = 5;
    long[] inodes = new long[files];
    long[] sizes = new long[files];
    for (int i = 0; i < files; i++) {
      inodes[i] = a.create(dir, "f" + i).inode();
    }
    for (int step = 0; step < RANDOM_STEPS; step++) {
      TestVolume node = random.nextBoolean() ? a : b;
      TestVolume other = node == a ? b : a;
      int i = random.nextInt(files);
      String what = "seed " + seed + " step " + step;
      switch (random.nextInt(8)) {
        case 0, 1 -> {
          int length = 1 + random.nextInt(20_000);
          long at = random.nextInt(50_000);
          OpenFile file = node.open(inodes[i], TestVolume.O_RDWR);
          node.write(file, at, new byte[length]);
          node.vfs.release(file, 0);
          sizes[i] = Math.max(sizes[i], at + length);
        }
        case 2 -> {
          sizes[i] = random.nextInt(60_000);
          node.truncate(inodes[i], sizes[i]);
        }
        case 3 -> {
          int mode = random.nextInt(010000);
          change(node, inodes[i], new AttributeChange(mode, step, null, null, null, null, false));
          assertEquals(mode | FileTypes.REGULAR, other.attributes(inodes[i]).mode(), what);
          assertEquals(step, other.lookup(dir, "f" + i).uid(), what);
        }
        case 4 -> {
          byte[] name = TestVolume.name("user.x");
          node.vfs.setXattr(InodeId.ofNumber(inodes[i]), name, new byte[random.nextInt(100)], 0);
        }
        case 5 -> {
          node.unlink(dir, "f" + i);
          inodes[i] = other.create(dir, "f" + i).inode();
          sizes[i] = 0;
        }
        case 6 -> {
          // Reads the block itself, which has to be what was told before.
          OpenFile file = node.open(inodes[i], 0);
          assertEquals(sizes[i], node.read(file, 0, 200_000).length, what);
          node.vfs.release(file, 0);
        }
        default -> {
          node.vfs.link(
              InodeId.ofNumber(inodes[i]), InodeId.ofNumber(dir), TestVolume.name("g"), done -> {});
          assertEquals(2, other.lookup(dir, "g").linkCount(), what);
          other.unlink(dir, "g");
        }
      }
      int seen = random.nextInt(files);
      Attributes told = other.lookup(dir, "f" + seen);
      assertEquals(inodes[seen], told.inode(), what);
      assertEquals(sizes[seen], told.size(), what);
      assertEquals(1, told.linkCount(), what);
      assertEquals(told, node.attributes(inodes[seen]), what);
    }
  }
}
