package org.jclusterfs.fsck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.cluster.ExclusiveClaim;
import org.jclusterfs.core.cluster.Recovery;
import org.jclusterfs.core.cluster.SlotInfo;
import org.jclusterfs.core.cluster.VolumeInUseException;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.Superblocks;

/** One check of a volume: the passes in their order, under a claim on the whole volume. */
final class Fsck {
  /** Nothing was wrong. */
  static final int CLEAN = 0;

  /** Something was wrong, and all of it was repaired. */
  static final int CORRECTED = 1;

  /** Something was left as it is. */
  static final int LEFT = 4;

  /** The check could not be made. */
  static final int OPERATIONAL_ERROR = 8;

  private final BlockDevice device;
  private final Report report;
  private final boolean force;
  private final boolean verbose;
  private final int backup;
  private final BlockStore store;

  /**
   * A check to be run once.
   *
   * @param force check also what seems clean, in a -p run
   * @param backup number of the backup superblock to use, or 0
   */
  Fsck(BlockDevice device, Report report, boolean force, boolean verbose, int backup) {
    this.device = device;
    this.report = report;
    this.force = force;
    this.verbose = verbose;
    this.backup = backup;
    this.store = new BlockStore(device, report.mode() == Mode.NO);
  }

  /** Checks, and returns the exit status. */
  int run() throws IOException {
    Superblocks.requireRoom(device, Superblock.PRIMARY_ADDRESS);
    SuperblockPass superblocks = new SuperblockPass(store, report);
    ByteBuffer superblock = superblocks.find(backup);
    store.volume(BlockHeader.volumeUuid(superblock));
    List<SlotUse> uses = SlotUse.inspect(device, superblock);
    for (SlotUse use : uses) {
      if (use.alive()) {
        throw new VolumeInUseException(
            device.description() + " is in use: " + use.describe() + "; unmount it there first");
      }
    }
    report.pass("Pass 1: checking superblocks, slots and journals");
    superblocks.check(superblock);
    Check check = new Check(store, report, superblock);
    new SlotPass(check).run();
    if (report.mode() == Mode.NO) {
      for (SlotUse use : uses) {
        report.fix(Problem.SLOT_NOT_RELEASED, use.slot(), use.hostName());
      }
      return passes(check, new JournalPass(check));
    }
    int status;
    try (ExclusiveClaim claim = ExclusiveClaim.take(device, ClusterVolume.of(superblock))) {
      check.forget();
      status = claimed(check, claim);
    }
    for (Check.Rebuild change : check.afterClaim) {
      change.run();
    }
    store.flush();
    return status;
  }

  private int claimed(Check check, ExclusiveClaim claim) throws IOException {
    JournalPass journals = new JournalPass(check);
    boolean free = true;
    for (SlotInfo slot : claim.deadSlots()) {
      free &= report.fix(Problem.SLOT_NOT_RELEASED, slot.slot(), slot.hostName());
    }
    int status = passes(check, journals);
    if (free && !journals.isReplayNeeded()) {
      // All journals are replayed by now; this frees the slots.
      claim.recover(
          new Recovery() {
            @Override
            public void replay(SlotInfo slot) {}

            @Override
            public void adoptOrphans(SlotInfo slot) {}
          });
    }
    claim.check();
    return status;
  }

  private int passes(Check check, JournalPass journals) throws IOException {
    journals.run();
    check.forget();
    if (journals.isReplayNeeded()) {
      report.say("A volume cannot be judged before its journals are replayed.");
      return LEFT;
    }
    boolean quick = report.mode() == Mode.PREEN && !force && report.found().isEmpty();
    if (quick) {
      return summary(check, Counts.ofHeaders(check));
    }
    InodePass inodes = new InodePass(check);
    RootPass roots = new RootPass(check, inodes);
    report.pass("Pass 2: checking inodes, extents, directories and attributes");
    InodeInfo root = roots.root();
    if (root == null) {
      report.say("Without a root directory nothing else can be judged.");
      return LEFT;
    }
    inodes.walk();
    new OrphanPass(check, inodes, roots).run();
    report.pass("Pass 3: looking for inodes without a name");
    new UnreachablePass(check, inodes, roots).run();
    for (Check.Rebuild rebuild : check.rebuilds) {
      rebuild.run();
    }
    report.pass("Pass 4: checking link counts");
    new LinkPass(check).run();
    report.pass("Pass 5: checking resource groups");
    GroupPass groups = new GroupPass(check);
    groups.run();
    store.flush();
    return summary(check, new Counts(check.inodes.size(), groups.used()));
  }

  private int summary(Check check, Counts counts) {
    String label = Superblock.label(check.superblock);
    String name = label.isEmpty() ? device.description() : label;
    if (report.corrected() > 0) {
      report.say(name + ": ***** THE VOLUME WAS MODIFIED *****");
    }
    if (report.left() > 0) {
      report.say(name + ": ***** PROBLEMS WERE LEFT *****");
    }
    report.say(
        name
            + ": "
            + (report.left() > 0 ? "" : "clean, ")
            + counts.inodes()
            + " inodes, "
            + counts.usedBlocks()
            + "/"
            + check.geometry.totalBlocks()
            + " blocks");
    if (verbose) {
      report.found().forEach((problem, count) -> report.say(problem + ": " + count));
    }
    if (report.left() > 0) {
      return LEFT;
    }
    return report.corrected() > 0 ? CORRECTED : CLEAN;
  }
}
