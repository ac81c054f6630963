package org.jclusterfs.fsck;

import java.util.List;
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

  private final DiskRecording recording;
  private final ModelTree model;

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

  private static void persist(CrashTree tree, CrashSequence.Step step) throws FsException {
    switch (step.persistence()) {
      case FSYNC -> tree.sync(step.operation().subject(), false);
      case FDATASYNC -> tree.sync(step.operation().subject(), true);
      case FSYNC_DIRECTORY -> tree.sync(step.operation().directory(), false);
      case SYNC -> tree.syncAll();
      default -> {}
    }
  }

  /** Carries a sequence out on the template's volume. */
  static SequenceRun of(CrashSequence sequence, Fault... faults) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(CrashTemplate.image());
    DiskRecording recording = disk.record();
    ModelTree model = preparedModel();
    MountedVolume volume = new MountedVolume(new SimulatedBlockDevice(disk), false, faults);
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

  /** What was known before an event of the recording. */
  Progress before(int event) {
    List<DiskRecording.Event> events = recording.events();
    for (int i = Math.min(event, events.size()) - 1; i >= 0; i--) {
      if (events.get(i).mark() instanceof Progress progress) {
        return progress;
      }
    }
    return new Progress(0, 0);
  }

  /** Index of the event where the last step begins: shorter sequences visit what is before it. */
  int lastStep() {
    List<DiskRecording.Event> events = recording.events();
    int steps = model.snapshots().size() - 1;
    for (int i = 0; i < events.size(); i++) {
      if (events.get(i).mark() instanceof Progress progress && progress.begun() == steps) {
        return i;
      }
    }
    return 0;
  }
}
