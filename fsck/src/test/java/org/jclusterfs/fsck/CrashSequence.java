package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Operations one behind the other, each with what is made durable after it. Written as {@code
 * create:fsync,write-new,rename-new-over-big:sync}.
 */
record CrashSequence(List<Step> steps) {

  /** What is made durable after an operation. */
  enum Persistence {
    NONE,
    FSYNC,
    FDATASYNC,
    FSYNC_DIRECTORY,
    SYNC,
    /** All is synced and then brought to its place, and what is unlinked is freed. */
    REST
  }

  /** One operation and what follows it. */
  record Step(CrashOperation operation, Persistence persistence) {
    @Override
    public String toString() {
      return persistence == Persistence.NONE
          ? operation.name()
          : operation.name() + ":" + persistence.name().toLowerCase().replace('_', '-');
    }
  }

  /** Reads a sequence as {@link #toString} writes it. */
  static CrashSequence parse(String text) {
    List<Step> steps = new ArrayList<>();
    for (String part : text.split(",")) {
      String[] halves = part.split(":", 2);
      steps.add(
          new Step(
              CrashOperation.named(halves[0]),
              halves.length == 1
                  ? Persistence.NONE
                  : Persistence.valueOf(halves[1].toUpperCase().replace('-', '_'))));
    }
    return new CrashSequence(steps);
  }

  /** A longer one. */
  static CrashSequence random(Random random, int length) {
    List<CrashOperation> operations = CrashOperation.all();
    ModelTree model = SequenceRun.preparedModel();
    List<Step> steps = new ArrayList<>();
    for (int attempt = 0; steps.size() < length && attempt < 50 * length; attempt++) {
      Persistence persistence =
          random.nextInt(3) != 0
              ? Persistence.NONE
              : Persistence.values()[random.nextInt(Persistence.values().length)];
      Step step = new Step(operations.get(random.nextInt(operations.size())), persistence);
      if (SequenceRun.apply(model, step)) {
        steps.add(step);
      }
    }
    return new CrashSequence(steps);
  }

  /** Whether every operation of it can succeed. */
  boolean makesSense() {
    ModelTree model = SequenceRun.preparedModel();
    return steps.stream().allMatch(step -> SequenceRun.apply(model, step));
  }

  @Override
  public String toString() {
    return steps.stream().map(Step::toString).collect(Collectors.joining(","));
  }
}
