package org.jclusterfs.system;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.Caller;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.core.vfs.Volumes;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.JournalReplay;
import org.jclusterfs.core.volume.Superblocks;

/**
 * How long a full journal takes to replay. A mount makes files until its journal is full and dies.
 * The journal is replayed on the volume as it is then, with nearly all changes in their places; and
 * on the volume as it was before, as if a power cut had lost every write but those of the journal.
 */
final class ReplayBench {

  private static final int THREADS = 4;

  /** The first round runs on a cold JVM, as a mount does; a surviving node's is warm. */
  private static final int ROUNDS = 3;

  private static final int TOOL_SLOT = 254;
  private static final int DIRECTORY = 0040755;
  private static final int BLOCK = BlockHeader.BLOCK_SIZE;

  /**
   * How much of the journal the load fills, in percent. More is not to be had from it: the room
   * that a running transaction takes at its worst is reserved, and where that is missing the
   * journal is emptied by half.
   */
  private static final int FILLED_PERCENT = 62;

  private final Target.Kind kind;
  private final int mib;
  private final List<long[]> areas = new ArrayList<>();

  ReplayBench(Target.Kind kind, int mib) {
    this.kind = kind;
    this.mib = mib;
  }

  void run() throws IOException {
    try (Target target = Target.start(kind, "4G")) {
      List<String> format =
          new ArrayList<>(List.of(ProjectTree.command("mkfs.jclusterfs").toString()));
      format.addAll(target.toolArguments());
      format.addAll(List.of("-N", "1", "-J", "size=" + mib + "M", target.device()));
      Commands.run(Duration.ofSeconds(60), format).orFail();
      Path before = target.image().resolveSibling("before.img");
      Path full = target.image().resolveSibling("full.img");
      target.stop();
      copy(target.image(), before);
      target.startAgain();
      long files = fillJournal(target);
      target.stop();
      copy(target.image(), full);
      System.out.printf(
          "%d files made: %d of the journal's %d MiB are in use%n",
          files, filledBytes() >> 20, mib);

      for (int round = 0; round < ROUNDS; round++) {
        copy(full, target.image());
        target.startAgain();
        replay(target, "changes in place");
        target.stop();
        copy(before, target.image());
        copyJournals(full, target.image());
        target.startAgain();
        replay(target, "changes lost");
        target.stop();
      }
    }
  }

  private long filledBytes() {
    return ((long) mib << 20) * FILLED_PERCENT / 100;
  }

  private static void copy(Path from, Path to) {
    Commands.run("cp", "--sparse=always", from.toString(), to.toString()).orFail();
  }

  private void copyJournals(Path from, Path to) throws IOException {
    try (RandomAccessFile source = new RandomAccessFile(from.toFile(), "r");
        RandomAccessFile sink = new RandomAccessFile(to.toFile(), "rw")) {
      FileChannel channel = source.getChannel();
      for (long[] area : areas) {
        for (long done = 0; done < area[1]; ) {
          sink.getChannel().position(area[0] + done);
          done += channel.transferTo(area[0] + done, area[1] - done, sink.getChannel());
        }
      }
    }
  }

  private DeviceSpec spec(Target target) {
    String initiator = kind == Target.Kind.FILE ? null : target.initiator(0);
    return new DeviceSpec(
        target.device(), initiator, DeviceSpec.INITIATOR_FILE, DeviceSpec.SECRETS_FILE);
  }

  /** Makes files until the journal is full, then fails every access. Returns their number. */
  private long fillJournal(Target target) throws IOException {
    DyingDevice device = new DyingDevice(Devices.open(spec(target)));
    ByteBuffer superblock = Superblocks.readPrimary(device);
    Geometry geometry = Geometry.of(superblock);
    for (int slot = 0; slot < Superblock.slotCount(superblock); slot++) {
      ByteBuffer descriptor = BlockIo.read(device, geometry.slotBlock(slot), 1);
      areas.add(
          new long[] {
            SlotDescriptor.journalStart(descriptor) * BLOCK,
            SlotDescriptor.journalBlocks(descriptor) * BLOCK
          });
    }
    device.dieAfter(areas, filledBytes());
    try {
      Vfs vfs =
          Volumes.mount(
              device,
              new MountRequest(spec(target), false, -1, false, 0, 5000, 64L << 20, null, 0));
      long files = makeFiles(vfs, device);
      try {
        vfs.close();
      } catch (FsException e) {
        // Its device is dead.
      }
      return files;
    } catch (MountException e) {
      throw new IOException(e);
    }
  }

  private static long makeFiles(Vfs vfs, DyingDevice device) {
    List<Thread> threads = new ArrayList<>();
    long[] made = new long[THREADS];
    for (int i = 0; i < THREADS; i++) {
      int number = i;
      Thread thread = new Thread(() -> made[number] = makeFiles(vfs, device, number));
      threads.add(thread);
      thread.start();
    }
    long sum = 0;
    try {
      for (int i = 0; i < THREADS; i++) {
        threads.get(i).join();
        sum += made[i];
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return sum;
  }

  private static long makeFiles(Vfs vfs, DyingDevice device, int number) {
    long n = 0;
    try {
      Attributes[] directory = new Attributes[1];
      Caller root = new Caller(0, 0, 0);
      byte[] name = ("d" + number).getBytes(StandardCharsets.UTF_8);
      vfs.makeNode(
          InodeId.ofNumber(vfs.root()), name, DIRECTORY, 0, 0, root, a -> directory[0] = a);
      while (!device.isDead()) {
        byte[] file = ("file number " + n).getBytes(StandardCharsets.UTF_8);
        vfs.create(
            InodeId.ofNumber(directory[0].inode()),
            file,
            0644,
            2,
            root,
            (attributes, open) -> {
              // Stays open.
            });
        n++;
        if (n % 100 == 0) {
          // As fast as changes are brought to their places: else the journal is emptied early.
          Thread.sleep(50);
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } catch (FsException e) {
      if (!device.isDead()) {
        throw new IllegalStateException(e);
      }
    }
    return n;
  }

  private void replay(Target target, String what) throws IOException {
    // Else the first flush of the target waits for the copy that was just made, too.
    Commands.run("sync", "-f", target.image().toString()).orFail();
    try (BlockDevice device = Devices.open(spec(target))) {
      long key = (long) TOOL_SLOT << 48 | System.nanoTime() & 0xffff_ffffL | 1;
      if (!device.fencing().register(TOOL_SLOT, key)) {
        throw new IOException("another tool is at work on " + target.device());
      }
      ByteBuffer superblock = Superblocks.readPrimary(device);
      JournalReplay replay =
          new JournalReplay(device, Geometry.of(superblock), BlockHeader.volumeUuid(superblock));
      long begin = System.nanoTime();
      int dirty = replay.replay(List.of(0));
      double seconds = (System.nanoTime() - begin) / 1e9;
      System.out.printf("%-18s %6.2f s%s%n", what, seconds, dirty == 1 ? "" : " (was clean!)");
      device.fencing().unregister(TOOL_SLOT, key);
    }
  }
}
