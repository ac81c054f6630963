package org.jclusterfs.dlm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * This node's share of the directory: who masters the used regions that {@link View#directoryOf}
 * puts here. It belongs to one view and is made anew in the next from what the masters report;
 * claims wait until then.
 */
final class Directory {

  /** A node that wants to use a region. */
  record Claim(int slot, int region) {}

  private final Map<Integer, Mastership> entries = new HashMap<>();
  private List<Claim> claims = new ArrayList<>();

  void clear() {
    entries.clear();
    claims.clear();
  }

  void note(int region, Mastership mastership) {
    Mastership known = entries.get(region);
    if (known == null || known.epoch() < mastership.epoch()) {
      entries.put(region, mastership);
    }
  }

  /** Who masters a region: who asks, where nobody did. */
  Mastership claim(int region, Mastership offer) {
    return entries.computeIfAbsent(region, r -> offer);
  }

  void defer(Claim claim) {
    claims.add(claim);
  }

  List<Claim> takeDeferred() {
    List<Claim> taken = claims;
    claims = new ArrayList<>();
    return taken;
  }
}
