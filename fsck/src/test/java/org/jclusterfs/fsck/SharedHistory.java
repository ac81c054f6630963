package org.jclusterfs.fsck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * What several nodes have done one behind the other on one volume, and what may be left of it when
 * some of them die: of each node's operations, in its order, the last ones that nobody made durable
 * may be lost, since a journal commits in order. Durable are those that were synced, and those
 * before one whose lock another node has taken since.
 *
 * <p>Used by one thread; what {@link #known} gives does not change any more.
 */
final class SharedHistory {
  /** Where all operations are. */
  static final String DIRECTORY = "/A";

  /**
   * One operation of a node.
   *
   * @param number its place in the history
   * @param node who did it
   */
  record Entry(int number, int node, CrashSequence.Step step) {

    /** Whether a part of it may be there without the rest. */
    private boolean isWrite() {
      String name = step.operation().name();
      return name.contains("write") || name.startsWith("append") || name.startsWith("truncate");
    }

    /** What it changes: the directory, or a file's content. */
    private String changes() {
      String name = step.operation().name();
      return CONTENTS.contains(name) ? step.operation().subject() : DIRECTORY;
    }

    /** Whether it could not be done before the lock of what another one changed was handed over. */
    private boolean needs(Entry other) {
      return other.changes().equals(DIRECTORY) || other.changes().equals(changes());
    }

    @Override
    public String toString() {
      return number + ": node " + node + " " + step;
    }
  }

  /** Operations on the content of one file; all others change the directory. */
  static final List<String> CONTENTS =
      List.of(
          "append-big",
          "append-big-many",
          "append-small-out",
          "overwrite-big",
          "overwrite-big-part",
          "overwrite-small",
          "punch-big",
          "truncate-big",
          "write-behind",
          "write-new",
          "write-new-blocks",
          "xattr-big");

  /** Operations that change the directory's inode. */
  static final List<String> NAMES =
      List.of(
          "create",
          "mkdir",
          "link-small",
          "unlink-small",
          "unlink-attr",
          "unlink-second",
          "unlink-new",
          "rename-beside",
          "rename-over-big",
          "symlink",
          "mknod",
          "rmdir-made",
          "xattr-dir");

  /**
   * What is known at a point of a run.
   *
   * @param begun operations that have begun: those with lower numbers
   * @param failed operations that the filesystem refused
   * @param durable operations that cannot be lost
   * @param lost operations that are lost for good
   * @param partial of these the ones whose first transaction is there for good
   */
  record Known(int begun, BitSet failed, BitSet durable, BitSet lost, BitSet partial) {}

  /** One thing that the volume may have become: the history without what is lost. */
  static final class Outcome {
    private final Choice choice;
    private final BitSet lost;
    private final ModelTree model;
    private final int last;
    private final int surelyThere;

    private Outcome(Choice choice, ModelTree model, int last, int surelyThere) {
      this.choice = choice;
      this.lost = choice.lost();
      this.model = model;
      this.last = last;
      this.surelyThere = surelyThere;
    }

    /** Null if the volume is this, or what differs. */
    String judge(RecoveredVolume volume) {
      ModelTree.Snapshot expected = model.snapshots().get(last);
      if (!expected.lines().equals(volume.lines())) {
        return "without operations " + lost + " it would be:\n" + expected.lines();
      }
      int newest = model.snapshots().size() - 1;
      String wrong = volume.judgeContents(expected, surelyThere, last, newest);
      return wrong == null ? null : "it is as without operations " + lost + ", but " + wrong;
    }
  }

  /** Operations without a trace, and of those the ones whose first transaction is there. */
  private record Choice(BitSet lost, BitSet partial) {}

  private final List<Entry> entries = new ArrayList<>();
  private final BitSet failed = new BitSet();
  private final BitSet durable = new BitSet();
  private BitSet lost = new BitSet();
  private BitSet partial = new BitSet();

  /** Operations so far. */
  List<Entry> entries() {
    return entries;
  }

  /** A node begins an operation. */
  Entry begin(int node, CrashSequence.Step step) {
    Entry entry = new Entry(entries.size(), node, step);
    entries.add(entry);
    return entry;
  }

  /** The filesystem refused it, and that is a possible answer. */
  void failed(Entry entry) {
    failed.set(entry.number());
  }

  /**
   * It is done, and nobody had died by then.
   *
   * @param alive whether the node of an earlier operation still lived
   */
  void done(Entry entry, IntPredicate alive) {
    if (entry.step().persistence() != CrashSequence.Persistence.NONE) {
      settle(entry);
    }
    for (Entry other : List.copyOf(entries.subList(0, entry.number()))) {
      if (other.node() != entry.node() && alive.test(other.node()) && entry.needs(other)) {
        settle(other);
      }
    }
  }

  /** Durable with everything that its node did before. */
  private void settle(Entry entry) {
    for (Entry other : entries.subList(0, entry.number() + 1)) {
      if (other.node() == entry.node()) {
        durable.set(other.number());
      }
    }
  }

  /** What came of the operations of dead nodes is decided: all others are durable. */
  void decide(Outcome found, IntPredicate dead) {
    lost = (BitSet) found.choice.lost().clone();
    partial = (BitSet) found.choice.partial().clone();
    for (Entry entry : entries) {
      if (dead.test(entry.node()) && !lost.get(entry.number())) {
        durable.set(entry.number());
      }
    }
  }

  /** What is known now. */
  Known known() {
    return new Known(
        entries.size(),
        (BitSet) failed.clone(),
        (BitSet) durable.clone(),
        (BitSet) lost.clone(),
        (BitSet) partial.clone());
  }

  /**
   * All that the volume may be.
   *
   * @param begun what had begun
   * @param safe what was durable, refused, and lost for good
   * @param mayLose whether a node's operations may be lost: it died, or the power failed
   */
  List<Outcome> outcomes(Known begun, Known safe, IntPredicate mayLose) {
    Map<Integer, List<Integer>> open = new TreeMap<>();
    for (Entry entry : entries.subList(0, begun.begun())) {
      List<Integer> of = open.computeIfAbsent(entry.node(), node -> new ArrayList<>());
      if (safe.durable().get(entry.number()) || !mayLose.test(entry.node())) {
        of.clear();
      } else if (!safe.lost().get(entry.number())) {
        of.add(entry.number());
      }
    }
    List<Choice> choices = new ArrayList<>();
    choices.add(new Choice((BitSet) safe.lost().clone(), (BitSet) safe.partial().clone()));
    for (List<Integer> suffix : open.values()) {
      List<Choice> next = new ArrayList<>();
      for (Choice choice : choices) {
        for (int from = suffix.size(); from >= 0; from--) {
          BitSet more = (BitSet) choice.lost().clone();
          suffix.subList(from, suffix.size()).forEach(more::set);
          next.add(new Choice(more, choice.partial()));
          if (from < suffix.size() && entries.get(suffix.get(from)).isWrite()) {
            BitSet first = (BitSet) choice.partial().clone();
            first.set(suffix.get(from));
            next.add(new Choice(more, first));
          }
        }
      }
      choices = next;
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (Choice choice : choices) {
      Outcome outcome = outcome(begun, safe, choice);
      if (outcome != null) {
        outcomes.add(outcome);
      }
    }
    return outcomes;
  }

  /** Whether an operation changes something in one of the states that the volume may be in. */
  boolean makesSense(CrashSequence.Step step, IntPredicate mayLose) {
    Known now = known();
    for (Outcome outcome : outcomes(now, now, mayLose)) {
      ModelTree model = outcome.model;
      ModelInode before = model.newest().files().get(step.operation().subject());
      byte[] content = before == null ? null : before.content();
      String lines = model.newest().lines();
      if (SequenceRun.apply(model, step)) {
        ModelInode after = model.newest().files().get(step.operation().subject());
        boolean same = before != null && after == before && Arrays.equals(content, after.content());
        if (!same || !lines.equals(model.newest().lines())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Null where the operations left make no sense without those that are lost. */
  private Outcome outcome(Known begun, Known safe, Choice choice) {
    BitSet missing = choice.lost();
    ModelTree model = SequenceRun.preparedModel();
    int sure = -1;
    for (Entry entry : entries.subList(0, begun.begun())) {
      boolean partly = choice.partial().get(entry.number());
      if (missing.get(entry.number()) && !partly) {
        continue;
      }
      if (sure < 0 && !safe.durable().get(entry.number())) {
        sure = model.snapshots().size() - 1;
      }
      boolean refused = safe.failed().get(entry.number());
      model.partialWrites(partly);
      boolean applied = SequenceRun.apply(model, entry.step());
      boolean whole = partly && !model.leftSomething();
      model.partialWrites(false);
      if (applied == refused || whole) {
        return null;
      }
    }
    int last = model.snapshots().size() - 1;
    // Data that was on its way when its operation was lost may have landed in place.
    missing.stream()
        .filter(number -> number < begun.begun())
        .forEach(number -> SequenceRun.apply(model, entries.get(number).step()));
    return new Outcome(choice, model, last, sure < 0 ? last : sure);
  }

  @Override
  public String toString() {
    StringBuilder out = new StringBuilder();
    for (Entry entry : entries) {
      out.append(entry)
          .append(durable.get(entry.number()) ? " (durable)" : "")
          .append(failed.get(entry.number()) ? " (refused)" : "")
          .append(lost.get(entry.number()) ? " (lost)" : "")
          .append('\n');
    }
    return out.toString();
  }
}
