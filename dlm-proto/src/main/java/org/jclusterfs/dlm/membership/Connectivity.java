package org.jclusterfs.dlm.membership;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jclusterfs.dlm.Member;

/**
 * Times broken connections between members whose heartbeats live, from the connectivity that each
 * publishes. A connection counts only if both ends see it, and its absence only while both have
 * beaten lately: who has not may be dead and unable to say more, and nobody goes for that.
 */
final class Connectivity {
  private record Pair(int low, int high) {}

  private final Knowledge known;
  private Map<Pair, Long> brokenSince = new HashMap<>();

  Connectivity(Knowledge known) {
    this.known = known;
  }

  /** Takes the last scan into account. */
  void update(Collection<Member> members) {
    Map<Pair, Long> next = new HashMap<>();
    for (Member low : members) {
      for (Member high : members) {
        if (low.slot() < high.slot() && !(sees(low, high) && sees(high, low))) {
          Pair pair = new Pair(low.slot(), high.slot());
          next.put(pair, brokenSince.getOrDefault(pair, known.now));
        }
      }
    }
    brokenSince = next;
  }

  private boolean sees(Member from, Member to) {
    if (from.equals(known.self)) {
      return known.isConnected(to);
    }
    Heartbeat last = known.disk.last(from);
    return last != null && last.connected().get(to.slot());
  }

  /**
   * Those who have to go because some connection has been broken for at least so long. All that are
   * broken by then count: the connections of one fault are missed up to some seconds apart, and
   * judged one by one they would show a node as the lesser evil that belongs to the larger side.
   */
  Set<Member> losers(Collection<Member> members, long nanos) {
    Set<Integer> silent = new HashSet<>();
    for (Member member : members) {
      if (!member.equals(known.self) && !known.disk.hasBeatenWithin(member, known.threshold / 2)) {
        silent.add(member.slot());
      }
    }
    Set<Pair> broken = new HashSet<>(brokenSince.keySet());
    broken.removeIf(pair -> silent.contains(pair.low()) || silent.contains(pair.high()));
    // By the time of the last scan: without a new one nobody knows that it is still broken.
    long seen = known.disk.lastScanStart();
    if (broken.stream().noneMatch(pair -> seen - brokenSince.get(pair) >= nanos)) {
      return Set.of();
    }
    TreeSet<Integer> slots = new TreeSet<>();
    members.forEach(member -> slots.add(member.slot()));
    TreeSet<Integer> survivors =
        SplitJudge.survivors(
            slots, (a, b) -> !broken.contains(new Pair(Math.min(a, b), Math.max(a, b))));
    Set<Member> losers = new TreeSet<>(members);
    losers.removeIf(member -> survivors.contains(member.slot()));
    return losers;
  }
}
