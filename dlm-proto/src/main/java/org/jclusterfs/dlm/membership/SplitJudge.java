package org.jclusterfs.dlm.membership;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.TreeSet;
import java.util.function.BiPredicate;

/**
 * Decides who goes on when members with live heartbeats cannot talk to each other. Of the parts
 * into which the network fell the largest goes on, of equal ones that with the lowest slot; within
 * it, as long as somebody cannot talk to all, who misses most peers goes, of equals the highest
 * slot. Every node that reads the same connectivity from the disk decides the same.
 */
final class SplitJudge {
  private SplitJudge() {}

  /**
   * The slots that go on.
   *
   * @param connected whether two slots can talk; symmetric
   */
  static TreeSet<Integer> survivors(
      TreeSet<Integer> slots, BiPredicate<Integer, Integer> connected) {
    TreeSet<Integer> best = new TreeSet<>();
    TreeSet<Integer> rest = new TreeSet<>(slots);
    while (!rest.isEmpty()) {
      TreeSet<Integer> part = partOf(rest.first(), rest, connected);
      rest.removeAll(part);
      if (part.size() > best.size()) {
        best = part;
      }
    }
    while (!best.isEmpty()) {
      TreeSet<Integer> now = best;
      Comparator<Integer> byMissing =
          Comparator.comparingLong(
              slot ->
                  now.stream().filter(o -> !o.equals(slot) && !connected.test(slot, o)).count());
      int worst = now.stream().max(byMissing.thenComparing(Comparator.naturalOrder())).get();
      if (now.stream().allMatch(o -> o == worst || connected.test(worst, o))) {
        return now;
      }
      now.remove(worst);
    }
    return best;
  }

  private static TreeSet<Integer> partOf(
      int start, TreeSet<Integer> slots, BiPredicate<Integer, Integer> connected) {
    TreeSet<Integer> part = new TreeSet<>();
    Deque<Integer> queue = new ArrayDeque<>();
    part.add(start);
    queue.add(start);
    while (!queue.isEmpty()) {
      int slot = queue.remove();
      for (int other : slots) {
        if (!part.contains(other) && connected.test(slot, other)) {
          part.add(other);
          queue.add(other);
        }
      }
    }
    return part;
  }
}
