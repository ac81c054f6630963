package org.jclusterfs.fsck;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DiskImage;
import org.jclusterfs.journal.testing.DiskRecording;
import org.jclusterfs.journal.testing.PowerCuts;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * Recovers every state that a power cut can have left of a sequence, and compares what comes out
 * with what may be there. Of a few the recovery itself is cut off, and the volume recovered again.
 * Used by one thread.
 */
final class CrashExplorer {
  /** Of so many volumes one has its recovery cut off, too. */
  private static final int CUT_AGAIN = 12;

  /** States of a recovery that was cut off: so many of all there are. */
  private static final int SECOND_CUTS = 40;

  private final RecoveredVolumes recovered;
  private long sequences;
  private long alike;
  private long boundaries;
  private long capped;
  private long states;
  private long images;
  private long volumes;
  private long secondCuts;

  /** A state that must not be; the message tells all. */
  static final class Violation extends AssertionError {
    private static final long serialVersionUID = 1L;

    Violation(String message) {
      super(message);
    }
  }

  /** With faults planted in the run and in its recovery. */
  CrashExplorer(Fault... faults) {
    this(new RecoveredVolumes(faults));
  }

  /** With what others have recovered, and the faults that are planted there. */
  CrashExplorer(RecoveredVolumes recovered) {
    this.recovered = recovered;
  }

  /** One sequence and its states. */
  final class Exploration {
    private final SequenceRun run;
    private final VolumeDigest digest;
    private final Map<RecoveredVolume, Set<SequenceRun.Progress>> passed = new IdentityHashMap<>();

    Exploration(SequenceRun run) throws Exception {
      this(run, new VolumeDigest(recovered.faults()));
    }

    private Exploration(SequenceRun run, VolumeDigest digest) {
      this.run = run;
      this.digest = digest;
    }

    void visit(PowerCuts.State state) throws Exception {
      SequenceRun.Progress first = run.before(state.first());
      SequenceRun.Progress last = run.before(state.last());
      DiskImage image = state.image();
      // The power may have been cut at any event between the two, so that what is durable at the
      // last and what had begun at the first hold together; but for operations that change nothing,
      // and are durable without any write: then the state has to be right at either end.
      if (last.durable() <= first.begun()) {
        visit(image, last.durable(), first.begun(), state);
      } else {
        visit(image, first.durable(), first.begun(), state);
        visit(image, last.durable(), last.begun(), state);
      }
    }

    private void visit(DiskImage image, int durable, int begun, PowerCuts.State state)
        throws Exception {
      boolean fresh = check(image, durable, begun, state);
      Random random = new Random(state.seed());
      if (fresh && random.nextInt(CUT_AGAIN) == 0) {
        cutRecovery(image, durable, begun, state.toString(), random);
      }
    }

    private boolean check(DiskImage image, int durable, int begun, Object what) {
      states++;
      RecoveredVolumes.Result result;
      try {
        result = recovered.of(image, digest);
      } catch (Exception e) {
        throw new Violation(what + ": replay fails: " + e);
      }
      images += result.newImage() ? 1 : 0;
      volumes += result.newVolume() ? 1 : 0;
      boolean judged =
          !passed
              .computeIfAbsent(result.volume(), volume -> new HashSet<>())
              .add(new SequenceRun.Progress(begun, durable));
      if (!judged) {
        String wrong = result.volume().judge(run.model(), durable, begun);
        if (wrong != null) {
          throw new Violation(what + ": " + wrong);
        }
      }
      return result.newVolume();
    }

    private void cutRecovery(DiskImage image, int durable, int begun, String what, Random random)
        throws Exception {
      SimulatedDisk disk = new SimulatedDisk(image);
      FsckOracle.endClaims(disk);
      DiskRecording recording = disk.record();
      RecoveredVolume.of(disk, recovered.faults());
      long seed = random.nextLong();
      // Once to count, once to look at some.
      long[] count = new long[1];
      new PowerCuts(recording, seed, 0).forEach(state -> count[0]++);
      new PowerCuts(recording, seed, 0)
          .forEach(
              state -> {
                if (random.nextInt((int) Math.max(1, count[0])) < SECOND_CUTS) {
                  secondCuts++;
                  check(state.image(), durable, begun, what + "; then in recovery " + state);
                }
              });
    }
  }

  /**
   * Explores one sequence.
   *
   * @param whole cut the power from the first operation on; else only from the last one on, since a
   *     shorter sequence has what is before
   * @throws Violation at the first state that must not be
   */
  void explore(CrashSequence sequence, long seed, boolean whole) throws Exception {
    explore(sequence, seed, whole, new HashSet<>());
  }

  /**
   * As the other one, unless another sequence of the same operations was recorded with the same
   * writes, flushes and knowledge of what is durable: its states and their judgement are the same.
   *
   * @param recordings digests of those recordings; takes this one's
   */
  void explore(CrashSequence sequence, long seed, boolean whole, Set<Long> recordings)
      throws Exception {
    SequenceRun run = SequenceRun.of(sequence, recovered.faults());
    VolumeDigest digest = new VolumeDigest(recovered.faults());
    if (!recordings.add(digest.ofRecording(run.recording()))) {
      sequences++;
      alike++;
      return;
    }
    Exploration exploration = new Exploration(run, digest);
    PowerCuts cuts = new PowerCuts(run.recording(), seed, whole ? 0 : run.lastStep());
    try {
      cuts.forEach(exploration::visit);
      sequences++;
    } finally {
      boundaries += cuts.boundaries();
      capped += cuts.capped();
    }
  }

  /** Adds another one's counts. */
  void add(CrashExplorer other) {
    sequences += other.sequences;
    alike += other.alike;
    boundaries += other.boundaries;
    capped += other.capped;
    states += other.states;
    images += other.images;
    volumes += other.volumes;
    secondCuts += other.secondCuts;
  }

  /** States recovered and compared. */
  long states() {
    return states;
  }

  /** Sequences that were not explored, since another was recorded alike. */
  long alike() {
    return alike;
  }

  @Override
  public String toString() {
    return sequences
        + " sequences ("
        + alike
        + " of them recorded like another), "
        + boundaries
        + " boundaries ("
        + capped
        + " with more volatile writes than singled out), "
        + states
        + " states ("
        + secondCuts
        + " of them cut in recovery), of "
        + images
        + " different disks, "
        + volumes
        + " different volumes";
  }
}
