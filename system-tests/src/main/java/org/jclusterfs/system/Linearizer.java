package org.jclusterfs.system;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Looks for an order of system calls that explains all their results: each has to happen between
 * its begin and its end. Goes along in time with the set of all states that the names may be in,
 * each with the calls under way that have happened in it; a call's end leaves those in which it
 * has. When none is left, no order explains what was seen.
 */
final class Linearizer {

  /** A state, and how far each process's call under way has come in it. Never changed. */
  private static final class Possibility {
    final int[] state;
    final int[] phases;
    private final int hash;

    Possibility(int[] state, int[] phases) {
      this.state = state;
      this.phases = phases;
      hash = 31 * Arrays.hashCode(state) + Arrays.hashCode(phases);
    }

    Possibility with(int[] newState, int process, int phase) {
      int[] changed = phases.clone();
      changed[process] = phase;
      return new Possibility(newState, changed);
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Possibility that
          && hash == that.hash
          && Arrays.equals(state, that.state)
          && Arrays.equals(phases, that.phases);
    }
  }

  private static final int NONE = 0;

  private final NamespaceModel model;
  private final int[] underWay;
  private Set<Possibility> possible = new HashSet<>();
  private int most = 1;

  /** Nothing has happened, and every directory is empty. */
  Linearizer(NamespaceModel model, int processes) {
    this.model = model;
    underWay = new int[processes];
    possible.add(new Possibility(NamespaceModel.empty(), new int[processes]));
  }

  /** A process begins a call, given by its number from 1 on. */
  void begin(int process, int number) {
    underWay[process] = number;
    Set<Possibility> begun = new HashSet<>();
    for (Possibility each : possible) {
      begun.add(each.with(each.state, process, 0));
    }
    possible = begun;
  }

  /** The call of a process returns; false if no order explains its result. */
  boolean end(int process) {
    Set<Possibility> seen = new HashSet<>();
    Set<Possibility> ended = new HashSet<>();
    ArrayDeque<Possibility> open = new ArrayDeque<>();
    for (Possibility each : possible) {
      Possibility settled = look(each);
      if (seen.add(settled)) {
        open.add(settled);
      }
    }
    while (!open.isEmpty()) {
      Possibility each = open.poll();
      if (each.phases[process] == NamespaceModel.OVER) {
        ended.add(each.with(each.state, process, NamespaceModel.OVER));
        continue;
      }
      for (int p = 0; p < underWay.length; p++) {
        for (Possibility next : Arrays.asList(step(each, p), otherwise(each, p))) {
          if (next != null) {
            Possibility settled = look(next);
            if (seen.add(settled)) {
              open.add(settled);
            }
          }
        }
      }
    }
    most = Math.max(most, seen.size());
    underWay[process] = NONE;
    if (ended.isEmpty()) {
      return false;
    }
    possible = ended;
    return true;
  }

  private boolean isOver(Possibility from, int process) {
    return underWay[process] == NONE || from.phases[process] == NamespaceModel.OVER;
  }

  private Possibility step(Possibility from, int process) {
    return isOver(from, process)
        ? null
        : after(from, process, model.step(from.state, underWay[process], from.phases[process]));
  }

  private Possibility otherwise(Possibility from, int process) {
    return isOver(from, process)
        ? null
        : after(
            from, process, model.otherwise(from.state, underWay[process], from.phases[process]));
  }

  private static Possibility after(Possibility from, int process, NamespaceModel.Outcome outcome) {
    return outcome == null ? null : from.with(outcome.state(), process, outcome.next());
  }

  /** Lets the calls end that change nothing, and can: later they could do no more. */
  private Possibility look(Possibility from) {
    Possibility settled = from;
    for (int p = 0; p < underWay.length; p++) {
      if (underWay[p] != NONE && model.onlyLooks(underWay[p])) {
        Possibility next = step(settled, p);
        if (next != null && next.phases[p] == NamespaceModel.OVER) {
          settled = next;
        }
      }
    }
    return settled;
  }

  /** States that are possible now. */
  List<int[]> states() {
    List<int[]> states = new ArrayList<>();
    possible.forEach(each -> states.add(each.state));
    return states;
  }

  /** The largest number of possibilities that were looked at for one end. */
  int most() {
    return most;
  }
}
