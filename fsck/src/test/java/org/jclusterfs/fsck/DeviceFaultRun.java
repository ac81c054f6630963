package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jclusterfs.core.format.BitmapBlock;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DeviceFault;
import org.jclusterfs.journal.testing.DiskImage;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * One seeded run of a node whose LUN goes wrong once or for ever at some block: what the node shows
 * is right or an error, what it acknowledged is there or an error is reported, and the checker
 * finds and mends what damage there is.
 *
 * <p>Bits flip in metadata only: file data has no checksum. A misdirected write leaves the block
 * that it was meant for in an older, valid state, which nobody can tell from the block alone: after
 * one, what is shown has to be of the history, but need not fit together.
 */
final class DeviceFaultRun {
  private static final int STEPS = 10;
  private static final int MOST_ERRORS = 4;

  private final long seed;
  private final Random random;
  private final Fault[] faults;
  private final SimulatedDisk disk;
  private final List<CrashSequence.Step> begun = new ArrayList<>();
  private final BitSet uncertain = new BitSet();
  private final Set<String> everSeen = new HashSet<>();
  private final DeviceFault fault;
  private final boolean permanent;
  private int durable;
  private int looks;
  private boolean reported;

  DeviceFaultRun(long seed, Fault... faults) throws Exception {
    this.seed = seed;
    this.faults = faults;
    random = new Random(seed);
    disk = new SimulatedDisk(CrashTemplate.image());
    permanent = random.nextBoolean();
    DeviceFault.Kind[] kinds = DeviceFault.Kind.values();
    DeviceFault.Kind kind = kinds[random.nextInt(kinds.length)];
    Geometry geometry = CrashTemplate.geometry();
    BitSet metadata = metadata(CrashTemplate.image(), geometry);
    boolean writes =
        kind == DeviceFault.Kind.WRITE_ERROR || kind == DeviceFault.Kind.MISDIRECTED_WRITE;
    fault =
        new DeviceFault(
            kind,
            permanent,
            random.nextInt(writes ? 60 : 40),
            disk,
            writes ? block -> block >= Geometry.JOURNAL_AREA : block -> metadata.get((int) block),
            random);
  }

  /** Blocks of the groups that hold metadata in use. */
  private static BitSet metadata(DiskImage image, Geometry geometry) {
    BitSet found = new BitSet();
    for (long block = geometry.groupArea(); block < image.blocks(); block++) {
      long group = geometry.groupOf(block);
      if (group < 0) {
        continue;
      }
      boolean inUse = block < geometry.firstDataBlock(group);
      if (!inUse) {
        long home = geometry.bitmapBlock(group, geometry.bitmapOf(block));
        ByteBuffer bitmap = ByteBuffer.wrap(image.block(home)).order(ByteOrder.LITTLE_ENDIAN);
        inUse = BitmapBlock.state(bitmap, geometry.bitmapIndexOf(block)) >= BitmapBlock.METADATA;
      }
      found.set((int) block, inUse);
    }
    return found;
  }

  /** Comparisons of what a mount showed. */
  int looks() {
    return looks;
  }

  /** Whether the fault struck. */
  boolean struck() {
    return fault.block() >= 0;
  }

  /** What went wrong on the LUN. */
  DeviceFault.Kind kind() {
    return fault.kind();
  }

  /**
   * Runs.
   *
   * @throws AssertionError with the seed and what went wrong
   */
  void run() throws Exception {
    try {
      remember();
      work();
      judge();
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "device fault, seed "
              + seed
              + ", "
              + fault
              + ": "
              + e
              + "\n"
              + begun
              + ", durable "
              + durable
              + ", uncertain "
              + uncertain,
          e);
    }
  }

  private void work() throws Exception {
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false, faults);
    disk.misbehave(fault);
    int errors = 0;
    for (int i = 0; i < STEPS && errors < MOST_ERRORS; i++) {
      if (random.nextInt(4) == 0) {
        look(volume);
      }
      errors += step(volume) ? 0 : 1;
    }
    look(volume);
    try {
      volume.vfs.close();
      durable = FsckOracle.isReleased(disk) ? begun.size() : durable;
    } catch (FsException e) {
      reported(e);
    }
  }

  private void requireIo(FsException e) {
    boolean older = fault.kind() == DeviceFault.Kind.MISDIRECTED_WRITE && struck();
    if (e.failure() != FsException.Failure.IO && !older) {
      throw new AssertionError("an error of the device is told as " + e.failure(), e);
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RuntimeException) {
        throw new AssertionError("broken by an error of the device", e);
      }
    }
  }

  private void reported(FsException e) {
    requireIo(e);
    reported = true;
  }

  /** One operation; false: it met an error. */
  private boolean step(MountedVolume volume) {
    CrashSequence.Step step = anyStep();
    begun.add(step);
    int number = begun.size() - 1;
    remember();
    RealTree tree = new RealTree(volume);
    boolean sync = step.persistence() != CrashSequence.Persistence.NONE;
    try {
      step.operation().action().on(tree);
    } catch (FsException e) {
      if (e.failure() != FsException.Failure.IO && isPossiblyRefused(number)) {
        begun.remove(number);
        return true;
      }
      uncertain.set(number);
      reported(e);
      return false;
    }
    try {
      SequenceRun.persist(tree, step);
      durable = sync ? begun.size() : durable;
      return true;
    } catch (FsException e) {
      reported(e);
      return false;
    }
  }

  /** Whether an operation makes no sense if some of those that met an error were not done. */
  private boolean isPossiblyRefused(int number) {
    for (List<CrashSequence.Step> history : histories(number)) {
      ModelTree model = model(history);
      if (model != null && !SequenceRun.apply(model, begun.get(number))) {
        return true;
      }
    }
    return false;
  }

  private CrashSequence.Step anyStep() {
    while (true) {
      List<CrashOperation> all = CrashOperation.all();
      CrashOperation operation = all.get(random.nextInt(all.size()));
      CrashSequence.Persistence persistence =
          random.nextInt(3) == 0 ? CrashSequence.Persistence.SYNC : CrashSequence.Persistence.NONE;
      CrashSequence.Step step = new CrashSequence.Step(operation, persistence);
      for (List<CrashSequence.Step> history : histories(begun.size())) {
        ModelTree model = model(history);
        if (model != null && SequenceRun.apply(model, step)) {
          return step;
        }
      }
    }
  }

  /** The first operations, with and without each of those that met an error. */
  private List<List<CrashSequence.Step>> histories(int count) {
    List<List<CrashSequence.Step>> all = new ArrayList<>();
    all.add(new ArrayList<>());
    for (int i = 0; i < count; i++) {
      List<List<CrashSequence.Step>> next = new ArrayList<>();
      for (List<CrashSequence.Step> history : all) {
        List<CrashSequence.Step> with = new ArrayList<>(history);
        with.add(begun.get(i));
        next.add(with);
        if (uncertain.get(i)) {
          next.add(history);
        }
      }
      all = next;
    }
    return all;
  }

  /** Null where it makes no sense. */
  private static ModelTree model(List<CrashSequence.Step> history) {
    ModelTree model = SequenceRun.preparedModel();
    for (CrashSequence.Step step : history) {
      if (!SequenceRun.apply(model, step)) {
        return null;
      }
    }
    return model;
  }

  /** Notes all that any history so far can show: paths, and what is said of one inode. */
  private void remember() {
    for (List<CrashSequence.Step> history : histories(begun.size())) {
      ModelTree model = model(history);
      if (model != null) {
        for (ModelTree.Snapshot snapshot : model.snapshots()) {
          for (String line : snapshot.lines().split("\n")) {
            everSeen.add(line.substring(0, line.indexOf(' ')));
            everSeen.add(line.substring(line.indexOf(' ')));
          }
        }
      }
    }
  }

  /** What the mount shows, errors aside, is right. */
  private void look(MountedVolume volume) {
    RecoveredVolume seen;
    try {
      seen = RecoveredVolume.seenBy(volume);
    } catch (FsException e) {
      reported(e);
      return;
    }
    requireFits(seen, begun.size());
  }

  /** Requires that a volume is as some history left it that has the first operations for sure. */
  private void requireFits(RecoveredVolume seen, int surely) {
    looks++;
    if (fault.kind() == DeviceFault.Kind.MISDIRECTED_WRITE && struck()) {
      for (String line : seen.lines().split("\n")) {
        for (String part :
            List.of(line.substring(0, line.indexOf(' ')), line.substring(line.indexOf(' ')))) {
          // A long target lies in a data block, which has no checksum.
          if (!everSeen.contains(part) && !part.contains(" -> #")) {
            throw new AssertionError("garbage: " + line);
          }
        }
      }
      return;
    }
    String wrong = "";
    for (int count = begun.size(); count >= surely; count--) {
      for (List<CrashSequence.Step> history : histories(count)) {
        ModelTree model = model(history);
        if (model != null && comparable(model.newest().lines()).equals(comparable(seen.lines()))) {
          return;
        }
        wrong = model == null ? wrong : model.newest().lines();
      }
    }
    throw new AssertionError("it shows:\n" + seen.lines() + "and not:\n" + wrong);
  }

  /** A write that needs several transactions may meet its error when some of them are done. */
  private String comparable(String lines) {
    boolean partly =
        uncertain.stream()
            .mapToObj(number -> begun.get(number).operation().name())
            .anyMatch(name -> name.matches("(append|write|overwrite|truncate|allocate|punch).*"));
    return partly ? lines.replaceAll(" size [0-9]+", "") : lines;
  }

  /** The LUN works again; what is left is mounted, checked, mended and checked again. */
  private void judge() throws Exception {
    disk.misbehave(null);
    SimulatedDisk left = disk.afterPowerCut(written -> true);
    FsckOracle.endClaims(left);
    boolean damaged =
        fault.kind() == DeviceFault.Kind.FLIPPED_ON_DISK
            || fault.kind() == DeviceFault.Kind.MISDIRECTED_WRITE;
    boolean error = false;
    RecoveredVolume seen = null;
    try {
      MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(left), false, faults);
      try {
        seen = RecoveredVolume.seenBy(volume);
      } catch (FsException e) {
        requireIo(e);
        error = true;
      } finally {
        close(volume);
      }
    } catch (MountException e) {
      error = true;
    }
    if (seen != null) {
      requireFits(seen, durable);
    }
    if (error && !(damaged && struck())) {
      throw new AssertionError("the volume has errors although nothing on it was damaged");
    }
    FsckOracle.endClaims(left);
    FsckOracle.Result found = FsckOracle.check(left, Mode.NO);
    if (found.status() == Fsck.CLEAN && error) {
      throw new AssertionError("fsck finds nothing where a mount meets errors");
    }
    if (found.status() != Fsck.CLEAN && !(damaged && struck())) {
      throw new AssertionError("fsck finds what no fault has damaged:\n" + found.output());
    }
    if (found.status() != Fsck.CLEAN) {
      FsckOracle.requireRepairable(left, "after " + fault);
    }
  }

  private void close(MountedVolume volume) {
    try {
      volume.vfs.close();
    } catch (FsException e) {
      requireIo(e);
    }
  }

  /** Whether a caller was told of an error. */
  boolean reported() {
    return reported;
  }

  static {
    // Damage is no news here; kept, since loggers are weak.
    Logger.getLogger("org.jclusterfs.core").setLevel(Level.OFF);
  }
}
