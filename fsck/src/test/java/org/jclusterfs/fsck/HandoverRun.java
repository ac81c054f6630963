package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DiskRecording;
import org.jclusterfs.journal.testing.PowerCuts;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * Nodes that change one directory in turn, so that its lock goes from one to the next with each
 * operation, and power cuts at every write of it. Since each change needs the one before, the tree
 * has to be as one operation left it, whichever journals have to be replayed.
 */
final class HandoverRun {
  private final long seed;
  private final Random random;
  private final Fault[] faults;
  private final ModelTree model = SequenceRun.preparedModel();
  private final List<MountedVolume> nodes = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private DiskRecording recording;
  private long states;

  HandoverRun(long seed, Fault... faults) {
    this.seed = seed;
    this.random = new Random(seed);
    this.faults = faults;
  }

  /** States recovered and compared. */
  long states() {
    return states;
  }

  /**
   * Runs, and explores about so many states.
   *
   * @throws AssertionError with the seed and what went wrong
   */
  void run(int wanted) throws Exception {
    try {
      work();
      explore(wanted);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "nodes in turn, seed " + seed + " after " + states + " states: " + e + "\n" + log, e);
    }
  }

  private void work() throws Exception {
    SimulatedDisk disk = new SimulatedDisk(CrashTemplate.image());
    SimulatedBlockDevice.Registrations registrations = new SimulatedBlockDevice.Registrations();
    int count = 2 + random.nextInt(2);
    for (int i = 0; i < count; i++) {
      nodes.add(new MountedVolume(new SimulatedBlockDevice(disk, registrations), true, faults));
    }
    nodes.get(0).vfs.sync(nodes.get(0).root(), false);
    recording = disk.record();
    try {
      int steps = 4 + random.nextInt(5);
      int node = random.nextInt(count);
      for (int i = 0; i < steps; i++) {
        step(node);
        node = (node + 1 + random.nextInt(count - 1)) % count;
      }
    } finally {
      disk.cutPower();
      for (MountedVolume each : nodes) {
        try {
          each.vfs.close();
        } catch (FsException e) {
          // The power is off.
        }
      }
    }
  }

  private void step(int node) throws FsException {
    for (int attempt = 0; attempt < 50; attempt++) {
      // Each changes /A: what nodes do in different directories has no order until it is synced.
      CrashOperation operation =
          CrashOperation.named(SharedHistory.NAMES.get(random.nextInt(SharedHistory.NAMES.size())));
      CrashSequence.Persistence persistence =
          random.nextInt(3) == 0
              ? CrashSequence.Persistence.FSYNC_DIRECTORY
              : CrashSequence.Persistence.NONE;
      int durable = model.durable();
      if (SequenceRun.apply(model, new CrashSequence.Step(operation, persistence))) {
        log.add("node " + node + " " + operation + " " + persistence);
        recording.mark(new SequenceRun.Progress(model.snapshots().size() - 1, durable));
        RealTree tree = new RealTree(nodes.get(node));
        operation.action().on(tree);
        if (persistence != CrashSequence.Persistence.NONE) {
          tree.sync("/A", false);
        }
        recording.mark(new SequenceRun.Progress(model.snapshots().size() - 1, model.durable()));
        return;
      }
    }
  }

  private void explore(int wanted) throws Exception {
    CrashExplorer explorer = new CrashExplorer(faults);
    CrashExplorer.Exploration exploration =
        explorer.new Exploration(new SequenceRun(recording, model));
    long[] count = new long[1];
    new PowerCuts(recording, seed, 0).forEach(state -> count[0]++);
    try {
      new PowerCuts(recording, seed, 0)
          .forEach(
              state -> {
                if (random.nextInt((int) Math.max(1, count[0])) < wanted) {
                  exploration.visit(state);
                }
              });
    } finally {
      states = explorer.states();
    }
  }
}
