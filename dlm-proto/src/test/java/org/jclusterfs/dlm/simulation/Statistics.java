package org.jclusterfs.dlm.simulation;

import java.util.StringJoiner;

/** Counts what a simulation has visited. */
final class Statistics {

  /** What is counted. */
  enum Kind {
    EVENTS("events"),
    GRANTS("grants"),
    CALLBACKS("blocking callbacks"),
    DEADLOCKS("deadlocks broken"),
    CANCELS("cancels"),
    TRIES_DENIED("tries denied"),
    RANGES("range grants"),
    QUERIES("queries"),
    VIEWS("views installed"),
    MOVES("regions moved"),
    RECLAIMS("regions' locks reclaimed"),
    FENCES("fences"),
    FENCED_ALIVE("fenced alive"),
    REPLAYS("replays"),
    DEATHS("deaths"),
    CRASHES_AT_A_STEP("of them between two messages"),
    LEAVES("leaves"),
    PAUSES("pauses"),
    DISKS_LOST("disks lost"),
    CUTS("links cut"),
    SPLITS("splits"),
    FRAMES("frames"),
    FRAMES_LOST("lost"),
    FRAMES_TWICE("duplicated"),
    FRAMES_OVERTAKEN("reordered"),
    CONNECTIONS("connections"),
    WRITES("writes landed"),
    WRITES_REFUSED("refused by the fence"),
    VALUES_VALID("value blocks read valid"),
    VALUES_INVALID("invalid");

    final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  private final long[] counts = new long[Kind.values().length];

  void add(Kind kind) {
    counts[kind.ordinal()]++;
  }

  void add(Kind kind, long count) {
    counts[kind.ordinal()] += count;
  }

  long get(Kind kind) {
    return counts[kind.ordinal()];
  }

  void add(Statistics other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
  }

  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ");
    for (Kind kind : Kind.values()) {
      text.add(counts[kind.ordinal()] + " " + kind.words);
    }
    return text.toString();
  }
}
