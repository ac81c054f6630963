package org.jclusterfs.dlm;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Decides which value blocks survive in regions whose master was lost. A value is trusted if a lock
 * that holds PR or more reclaims it, since nobody could write since it was read, and only if no
 * survivor has seen a higher generation: then somebody has written or spoilt it since. All others
 * are invalid, with a generation that no survivor has seen.
 */
final class Rebuild {
  private final Map<LockName, Long> generations = new HashMap<>();
  private final Map<LockName, LockMessage.Holding> copies = new HashMap<>();

  void note(LockMessage.Holding holding) {
    generations.merge(holding.name(), holding.generation(), Math::max);
    if (holding.value() != null
        && holding.granted() != null
        && holding.granted().covers(LockMode.PR)) {
      LockMessage.Holding known = copies.get(holding.name());
      if (known == null || known.generation() < holding.generation()) {
        copies.put(holding.name(), holding);
      }
    }
  }

  /**
   * A holder that has reclaimed PW or EX gives it up while others still report. Nobody else can
   * have written: it knows the highest generation.
   */
  void writerLeaves(LockName name, int flags, byte[] written) {
    if (written == null && (flags & LockFlags.KEEP_VALUE) != 0) {
      return;
    }
    long generation = generations.merge(name, 1L, Long::sum);
    copies.remove(name);
    if (written != null) {
      copies.put(
          name,
          new LockMessage.Holding(
              0, name, LockMode.PR, null, 0, LockRange.WHOLE, 0, generation, written));
    }
  }

  void settle(Collection<Resource> resources) {
    for (Resource resource : resources) {
      long generation = generations.getOrDefault(resource.name, 0L);
      LockMessage.Holding copy = copies.get(resource.name);
      boolean trusted = copy != null && copy.generation() == generation;
      resource.value = trusted ? copy.value() : null;
      resource.generation = trusted ? generation : generation + 1;
    }
  }
}
