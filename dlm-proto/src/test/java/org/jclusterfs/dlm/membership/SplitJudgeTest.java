package org.jclusterfs.dlm.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SplitJudgeTest {

  private static Set<Integer> survivors(List<Set<Integer>> connected, Integer... slots) {
    return SplitJudge.survivors(
        new TreeSet<>(List.of(slots)),
        (a, b) -> connected.stream().anyMatch(part -> part.contains(a) && part.contains(b)));
  }

  @Test
  void largerPartGoesOn() {
    assertEquals(Set.of(2, 3), survivors(List.of(Set.of(1), Set.of(2, 3)), 1, 2, 3));
  }

  @Test
  void partWithTheLowestSlotGoesOnWhereBothAreEqual() {
    assertEquals(Set.of(0, 5), survivors(List.of(Set.of(0, 5), Set.of(1, 2)), 0, 1, 2, 5));
  }

  @Test
  void higherSlotOfABrokenPairGoesWhereAThirdReachesBoth() {
    assertEquals(Set.of(1, 3), survivors(List.of(Set.of(1, 3), Set.of(2, 3)), 1, 2, 3));
  }

  @Test
  void allGoOnWhereAllAreConnected() {
    assertEquals(Set.of(1, 2, 3), survivors(List.of(Set.of(1, 2, 3)), 1, 2, 3));
  }
}
