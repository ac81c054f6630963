package org.jclusterfs.fsck;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DiskRecording;
import org.jclusterfs.journal.testing.SimulatedDisk;

/**
 * One sequence, carried out once on a mounted volume whose disk records it, unmount included, with
 * a model beside it that knows what may be there at which point.
 */
final class SequenceRun {

  /**
   * What is known from a point of the recording on.
   *
   * @param begun number of the last operation that has begun
   * @param durable number of the last operation that is durable
   */
  record Progress(int begun, int durable) {}

  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  private final DiskRecording recording;
  private final ModelTree model;
  private List<DiskRecording.Event> events;
  private Progress[] known;

  SequenceRun(DiskRecording recording, ModelTree model) {
    this.recording = recording;
    this.model = model;
  }

  DiskRecording recording() {
    return recording;
  }

  ModelTree model() {
    return model;
  }

  /** A model of what the sequences start from. */
  static ModelTree preparedModel() {
    ModelTree model = new ModelTree();
    try {
      CrashOperation.prepare(model);
    } catch (FsException e) {
      throw new IllegalStateException(e);
    }
    model.settle();
    return model;
  }

  /** Applies a step to a model; false: it makes no sense there, and nothing was changed. */
  static boolean apply(ModelTree model, CrashSequence.Step step) {
    model.begin();
    try {
      step.operation().action().on(model);
      persist(model, step);
      model.end();
      return true;
    } catch (ModelTree.NotApplicable e) {
      model.undo();
      return false;
    } catch (FsException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Makes durable what a step says, after its operation. */
  static void persist(CrashTree tree, CrashSequence.Step step) throws FsException {
    switch (step.persistence()) {
      case FSYNC -> tree.sync(step.operation().subject(), false);
      case FDATASYNC -> tree.sync(step.operation().subject(), true);
      case FSYNC_DIRECTORY -> tree.sync(step.operation().directory(), false);
      case SYNC -> tree.syncAll();
      case REST -> {
        tree.syncAll();
        tree.comeToRest();
      }
      default -> {}
    }
  }

  /** Carries a sequence out on the template's volume. */
  static SequenceRun of(CrashSequence sequence, Fault... faults) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(CrashTemplate.image());
    DiskRecording recording = disk.record();
    ModelTree model = preparedModel();
    ModelClock clock = new ModelClock(model);
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), clock, faults);
    RealTree tree = new RealTree(volume);
    for (CrashSequence.Step step : sequence.steps()) {
      int durable = model.durable();
      if (!apply(model, step)) {
        throw new IllegalArgumentException("makes no sense: " + step + " of " + sequence);
      }
      recording.mark(new Progress(model.snapshots().size() - 1, durable));
      step.operation().action().on(tree);
      persist(tree, step);
      recording.mark(new Progress(model.snapshots().size() - 1, model.durable()));
    }
    tree.closeAll();
    volume.vfs.close();
    int last = model.snapshots().size() - 1;
    recording.mark(new Progress(last, last));
    return new SequenceRun(recording, model);
  }

  /** Tells the number of operations as seconds, so that the same operations write the same. */
  private static final class ModelClock extends Clock {
    private final ModelTree model;

    ModelClock(ModelTree model) {
      this.model = model;
    }

    @Override
    public Instant instant() {
      return BEGIN.plusSeconds(model.snapshots().size());
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  /** The time at which volumes are recovered: later than any operation of a sequence. */
  static Clock afterwards() {
    return Clock.fixed(BEGIN.plusSeconds(TimeUnit.DAYS.toSeconds(1)), ZoneOffset.UTC);
  }

  /** What was known before an event of the recording, which has come to its end. */
  Progress before(int event) {
    learn();
    return known[Math.min(event, events.size())];
  }

  private void learn() {
    if (known == null) {
      events = recording.events();
      Progress[] progress = new Progress[events.size() + 1];
      progress[0] = new Progress(0, 0);
      for (int i = 0; i < events.size(); i++) {
        progress[i + 1] = events.get(i).mark() instanceof Progress mark ? mark : progress[i];
      }
      known = progress;
    }
  }

  /** Index of the event where the last step begins: shorter sequences visit what is before it. */
  int lastStep() {
    learn();
    int steps = model.snapshots().size() - 1;
    for (int i = 0; i < events.size(); i++) {
      if (events.get(i).mark() instanceof Progress progress && progress.begun() == steps) {
        return i;
      }
    }
    return 0;
  }
}
