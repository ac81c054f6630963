package org.jclusterfs.fsck;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
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

  private final Fault[] faults;
  private long sequences;
  private long boundaries;
  private long capped;
  private long states;
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
    this.faults = faults;
  }

  /** One sequence and what is known of the volumes that came of it. */
  final class Exploration {
    private final SequenceRun run;
    private final Random random;
    private final VolumeDigest digest = new VolumeDigest(faults);
    private final Map<Long, RecoveredVolume> recovered = new HashMap<>();

    Exploration(SequenceRun run, long seed) throws Exception {
      this.run = run;
      this.random = new Random(seed);
    }

    void visit(PowerCuts.State state) throws Exception {
      DiskImage image = state.image();
      int durable = run.before(state.last()).durable();
      int begun = run.before(state.first()).begun();
      boolean fresh = check(image, durable, begun, state.toString());
      if (fresh && random.nextInt(CUT_AGAIN) == 0) {
        cutRecovery(image, durable, begun, state.toString());
      }
    }

    private boolean check(DiskImage image, int durable, int begun, String what) {
      states++;
      boolean fresh = false;
      RecoveredVolume volume;
      try {
        long key = digest.afterReplay(image);
        volume = recovered.get(key);
        if (volume == null) {
          fresh = true;
          volumes++;
          volume = RecoveredVolume.of(image, faults);
          recovered.put(key, volume);
        }
      } catch (Exception e) {
        throw new Violation(what + ": replay fails: " + e);
      }
      String wrong = volume.judge(run.model(), durable, begun);
      if (wrong != null) {
        throw new Violation(what + ": " + wrong);
      }
      return fresh;
    }

    private void cutRecovery(DiskImage image, int durable, int begun, String what)
        throws Exception {
      SimulatedDisk disk = new SimulatedDisk(image);
      FsckOracle.endClaims(disk);
      DiskRecording recording = disk.record();
      RecoveredVolume.of(disk, faults);
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
    SequenceRun run = SequenceRun.of(sequence, faults);
    Exploration exploration = new Exploration(run, seed);
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
    boundaries += other.boundaries;
    capped += other.capped;
    states += other.states;
    volumes += other.volumes;
    secondCuts += other.secondCuts;
  }

  /** States recovered and compared. */
  long states() {
    return states;
  }

  @Override
  public String toString() {
    return sequences
        + " sequences, "
        + boundaries
        + " boundaries ("
        + capped
        + " with more volatile writes than singled out), "
        + states
        + " states ("
        + secondCuts
        + " of them cut in recovery), "
        + volumes
        + " different volumes";
  }
}
