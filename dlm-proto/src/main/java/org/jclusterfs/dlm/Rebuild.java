package org.jclusterfs.dlm;

import java.util.HashMap;
import java.util.Map;

/**
 * Decides, when a view changes, which value blocks survive. A value is trusted if
 *
 * <ul>
 *   <li>a lock that holds PR or more reclaims it: nobody could write since it was read; or
 *   <li>the old master knows it valid, and no lock held PW or EX then or that lock reclaims such a
 *       mode: its next release would have written.
 * </ul>
 *
 * and only if no survivor has seen a higher generation: then somebody has written or spoilt it
 * since. All others are invalid, with a generation that no survivor has seen.
 */
final class Rebuild {
  private final Map<LockName, Long> generations = new HashMap<>();
  private final Map<LockName, LockMessage.Holding> copies = new HashMap<>();
  private final Map<LockName, LockMessage.ValueReport> reports = new HashMap<>();

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

  void note(LockMessage.ValueReport report) {
    generations.merge(report.name(), report.generation(), Math::max);
    reports.put(report.name(), report);
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

  void settle(Map<LockName, Resource> resources) {
    for (Resource resource : resources.values()) {
      long generation = generations.getOrDefault(resource.name, 0L);
      LockMessage.Holding copy = copies.get(resource.name);
      LockMessage.ValueReport report = reports.get(resource.name);
      if (report != null && (report.value() == null || !writerRemains(resource, report))) {
        report = null;
      }
      if (copy != null && copy.generation() == generation) {
        resource.value = copy.value();
        resource.generation = generation;
      } else if (report != null && report.generation() == generation) {
        resource.value = report.value();
        resource.generation = generation;
      } else {
        resource.value = null;
        resource.generation = generation + 1;
      }
    }
  }

  private static boolean writerRemains(Resource resource, LockMessage.ValueReport report) {
    if (report.writerSlot() < 0) {
      return true;
    }
    MasterLock writer = resource.writer();
    return writer != null && writer.slot == report.writerSlot() && writer.id == report.writerLock();
  }
}
