package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.vfs.FsException;

/**
 * Every sequence of one operation and then every one of two that can succeed, with every choice of
 * what is made durable after each operation. Sequences are numbered from 0; those of the same
 * operations follow one another and make a family. Pairs come by the distance of their operations
 * in the list of all, so that the first thousands already have each operation in both places.
 */
final class CrashEnumeration {

  /**
   * Sequences of the same operations.
   *
   * @param first number of the first
   */
  record Family(List<CrashOperation> operations, int first, List<CrashSequence> sequences) {
    /** Number of the first sequence behind it. */
    int end() {
      return first + sequences.size();
    }
  }

  private final List<Family> families = new ArrayList<>();
  private int size;

  CrashEnumeration() {
    List<CrashOperation> all = CrashOperation.all();
    all.forEach(operation -> add(List.of(operation)));
    for (int distance = 0; distance < all.size(); distance++) {
      for (int first = 0; first < all.size(); first++) {
        add(List.of(all.get(first), all.get((first + distance) % all.size())));
      }
    }
  }

  private void add(List<CrashOperation> operations) {
    List<List<CrashSequence.Step>> begun = new ArrayList<>(List.of(List.of()));
    ModelTree model = SequenceRun.preparedModel();
    for (int i = 0; i < operations.size(); i++) {
      CrashOperation operation = operations.get(i);
      if (!SequenceRun.apply(
          model, new CrashSequence.Step(operation, CrashSequence.Persistence.NONE))) {
        return;
      }
      List<CrashSequence.Step> steps = possible(model, operation);
      if (i == operations.size() - 1) {
        // The end of the run brings everything to its place anyway.
        steps.removeIf(step -> step.persistence() == CrashSequence.Persistence.REST);
      }
      List<List<CrashSequence.Step>> longer = new ArrayList<>();
      for (List<CrashSequence.Step> each : begun) {
        for (CrashSequence.Step step : steps) {
          List<CrashSequence.Step> both = new ArrayList<>(each);
          both.add(step);
          longer.add(both);
        }
      }
      begun = longer;
    }
    List<CrashSequence> sequences = begun.stream().map(CrashSequence::new).toList();
    families.add(new Family(operations, size, sequences));
    size += sequences.size();
  }

  /** What can be made durable after an operation: not what it has removed. */
  private static List<CrashSequence.Step> possible(ModelTree model, CrashOperation operation) {
    List<CrashSequence.Step> possible = new ArrayList<>();
    for (CrashSequence.Persistence persistence : CrashSequence.Persistence.values()) {
      CrashSequence.Step step = new CrashSequence.Step(operation, persistence);
      try {
        SequenceRun.persist(model, step);
        possible.add(step);
      } catch (ModelTree.NotApplicable e) {
        // There is nothing to be synced.
      } catch (FsException e) {
        throw new IllegalStateException(e);
      }
    }
    return possible;
  }

  /** All families, in the order of their numbers. */
  List<Family> families() {
    return families;
  }

  /** How many sequences there are. */
  int size() {
    return size;
  }
}
