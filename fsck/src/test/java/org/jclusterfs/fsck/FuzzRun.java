package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * Damages a good volume at random places, repairs it by -y and looks again: the repair has to end,
 * without an exception, and the second look has to find nothing.
 *
 * <p>Damage of a block is what storage does (bits flipped, zeroed, filled with noise, another
 * block's content) and what a bug of the filesystem might do: a wrong field under a right checksum.
 * One of the superblocks is left alone, and no block is made to look like one of a newer version.
 * Every fourth repair loses power somewhere and is done again.
 */
final class FuzzRun {
  private static final int BLOCK = BlockHeader.BLOCK_SIZE;
  private static final int SECONDS = 120;

  /** Claims that lost power are no news; kept here, since loggers are weak. */
  private static final Logger LOGGER = Logger.getLogger("org.jclusterfs.core");

  static {
    LOGGER.setLevel(Level.OFF);
  }

  private final long seed;
  private final Random random;
  private final byte[] image;
  private final List<Integer> metadata = new ArrayList<>();
  private final Map<Integer, List<Integer>> byType = new TreeMap<>();
  private final List<String> damages = new ArrayList<>();

  /**
   * A run that has not begun.
   *
   * @param good image of a volume in which fsck finds nothing
   */
  FuzzRun(byte[] good, long seed) {
    this.seed = seed;
    this.random = new Random(seed);
    this.image = good.clone();
    for (int block = 0; block < image.length / BLOCK; block++) {
      if (image[block * BLOCK] == 'J' && image[block * BLOCK + 1] == 'C') {
        metadata.add(block);
        int magic = view(block).getInt(0);
        byType.computeIfAbsent(magic, m -> new ArrayList<>()).add(block);
      }
    }
  }

  /**
   * Runs it.
   *
   * @param file where the image may lie meanwhile
   * @return number of problems of different kinds that were found
   * @throws AssertionError naming the seed and the damages
   */
  int run(Path file) throws IOException {
    int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 60 : 8);
    for (int i = 0; i < count; i++) {
      damage();
    }
    TestVolume.reset(file, image);
    if (random.nextInt(4) == 0) {
      loseRepair(random.nextInt(random.nextInt(3) == 0 ? 300 : 40) + 1);
      TestVolume.reset(file, image);
    }
    TestVolume.Result repaired = check(file, Mode.YES);
    if (repaired.status() != Fsck.CLEAN && repaired.status() != Fsck.CORRECTED) {
      throw failure("-y ends with status " + repaired.status() + ":\n" + repaired.output(), null);
    }
    TestVolume.Result again = check(file, Mode.NO);
    if (again.status() != Fsck.CLEAN) {
      throw failure("-y:\n" + repaired.output() + "and then -n finds:\n" + again.output(), null);
    }
    return repaired.found().size();
  }

  /** A repair that loses power at its n-th write; the image becomes what is left. */
  private void loseRepair(int n) throws IOException {
    SimulatedDisk disk = SimulatedBlockDevice.disk(image);
    disk.cutPowerAt(n);
    damages.add("  a repair that lost power at write " + n);
    try {
      inTime(Mode.YES, () -> TestVolume.run(new SimulatedBlockDevice(disk), Mode.YES, 0));
    } catch (AssertionError e) {
      if (!disk.isDead() || !(e.getCause() instanceof IOException)) {
        throw e;
      }
    }
    SimulatedDisk after = disk.afterPowerCut(seed);
    for (int block = 0; block < image.length / BLOCK; block++) {
      System.arraycopy(after.image().block(block), 0, image, block * BLOCK, BLOCK);
    }
    endClaim();
  }

  /** The claim that the lost repair left is that of a process which is gone. */
  private void endClaim() {
    for (int block : byType.get(SlotDescriptor.MAGIC)) {
      ByteBuffer view = view(block);
      boolean whole =
          BlockHeader.magic(view) == SlotDescriptor.MAGIC
              && BlockHeader.checksum(view) == BlockHeader.computeChecksum(view);
      if (whole && SlotDescriptor.state(view) != SlotDescriptor.FREE) {
        SlotDescriptor.startTime(view, SlotDescriptor.startTime(view) + 1);
        BlockHeader.seal(view);
      }
    }
  }

  private TestVolume.Result check(Path file, Mode mode) {
    return inTime(mode, () -> TestVolume.run(file, mode));
  }

  private TestVolume.Result inTime(Mode mode, Callable<TestVolume.Result> run) {
    FutureTask<TestVolume.Result> task = new FutureTask<>(run);
    Thread thread = new Thread(task, "fsck");
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get(SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      StringBuilder at = new StringBuilder("does not end:\n");
      for (StackTraceElement element : thread.getStackTrace()) {
        at.append("  ").append(element).append('\n');
      }
      throw failure(mode + " " + at, e);
    } catch (ExecutionException e) {
      throw failure(mode + " throws " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("interrupted", e);
    }
  }

  private AssertionError failure(String what, Throwable cause) {
    return new AssertionError(
        "fuzz seed " + seed + "\n" + String.join("\n", damages) + "\n" + what, cause);
  }

  private void damage() {
    int block = pick();
    boolean superblock = isSuperblock(block);
    if (block == image.length / BLOCK - 1) {
      return; // by which the others are found again
    }
    int kind = random.nextInt(10);
    switch (kind) {
      case 0 -> {
        tell("zeroed", block);
        java.util.Arrays.fill(image, block * BLOCK, (block + 1) * BLOCK, (byte) 0);
      }
      case 1 -> {
        tell("noise in", block);
        byte[] noise = new byte[BLOCK];
        random.nextBytes(noise);
        System.arraycopy(noise, 0, image, block * BLOCK, BLOCK);
      }
      case 2 -> {
        tell("a bit flipped in", block);
        image[block * BLOCK + random.nextInt(BLOCK)] ^= (byte) (1 << random.nextInt(8));
      }
      case 3 -> copy(block, superblock);
      default -> wrongField(block);
    }
  }

  /** Mostly a metadata block, of each type as often. */
  private int pick() {
    if (random.nextInt(10) == 0) {
      return random.nextInt(image.length / BLOCK);
    }
    List<List<Integer>> types = new ArrayList<>(byType.values());
    List<Integer> blocks = types.get(random.nextInt(types.size()));
    return blocks.get(random.nextInt(blocks.size()));
  }

  private boolean isSuperblock(int block) {
    return view(block).getInt(0) == Superblock.MAGIC;
  }

  private ByteBuffer view(int block) {
    return ByteBuffer.wrap(image, block * BLOCK, BLOCK).slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Another block's content, or both swapped. */
  private void copy(int block, boolean superblock) {
    int other = pick();
    if (superblock || isSuperblock(other)) {
      return;
    }
    byte[] content = java.util.Arrays.copyOfRange(image, block * BLOCK, (block + 1) * BLOCK);
    System.arraycopy(image, other * BLOCK, image, block * BLOCK, BLOCK);
    if (random.nextBoolean()) {
      System.arraycopy(content, 0, image, other * BLOCK, BLOCK);
      tell("swapped with block " + other + ":", block);
    } else {
      tell("content of block " + other + " in", block);
    }
  }

  /** A field that is wrong under a right checksum. */
  private void wrongField(int block) {
    ByteBuffer view = view(block);
    boolean journal = view.getInt(0) == JournalPlants.HEADER;
    boolean ours = view.get(0) == 'J' && view.get(1) == 'C';
    if (!journal && (!ours || view.getLong(BlockHeader.ADDRESS_OFFSET) != block)) {
      return;
    }
    // Mostly where fields are, and not among those that tell the block from another one.
    int limit = random.nextBoolean() ? 320 : BLOCK;
    int from = journal ? JournalPlants.FORMAT_VERSION + 4 : 40;
    int at = from + 4 * random.nextInt((limit - from) / 4);
    if (isSuperblock(block) && isOfVersion(at)) {
      return;
    }
    int before = view.getInt(at);
    int value =
        switch (random.nextInt(6)) {
          case 0 -> 0;
          case 1 -> -1;
          case 2 -> before + 1 - random.nextInt(3);
          case 3 -> before ^ 1 << random.nextInt(32);
          case 4 -> metadata.get(random.nextInt(metadata.size()));
          default -> random.nextInt();
        };
    view.putInt(at, value);
    BlockHeader.seal(view);
    tell(String.format("at %d %x instead of %x in", at, value, before), block);
  }

  /** Whether a field of the superblock makes the volume one of a newer version. */
  private static boolean isOfVersion(int at) {
    return at < Superblock.TOTAL_BLOCKS_OFFSET
        && at >= Superblock.MAJOR_VERSION_OFFSET
        && (at < Superblock.COMPAT_FEATURES_OFFSET || at >= Superblock.RO_COMPAT_FEATURES_OFFSET);
  }

  private void tell(String what, int block) {
    byte[] magic = java.util.Arrays.copyOfRange(image, block * BLOCK, block * BLOCK + 4);
    String type =
        magic[0] == 'J' ? new String(magic, java.nio.charset.StandardCharsets.US_ASCII) : "?";
    damages.add("  " + what + " block " + block + " (" + type + ")");
  }
}
