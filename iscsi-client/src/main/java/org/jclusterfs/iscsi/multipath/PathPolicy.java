package org.jclusterfs.iscsi.multipath;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;

/** The selectors that there are, by dm-multipath's names. */
public enum PathPolicy {
  /** One after the other. */
  ROUND_ROBIN("round-robin") {
    @Override
    PathSelector selector() {
      AtomicInteger next = new AtomicInteger();
      return paths -> Math.floorMod(next.getAndIncrement(), paths.length);
    }
  },
  /** The one with the fewest requests under way. */
  QUEUE_LENGTH("queue-length") {
    @Override
    PathSelector selector() {
      return least(PathLoad::inFlight);
    }
  },
  /** The one with the fewest bytes under way: that which serves slowly gets less. */
  SERVICE_TIME("service-time") {
    @Override
    PathSelector selector() {
      return least(PathLoad::bytesInFlight);
    }
  };

  private final String dmName;

  PathPolicy(String dmName) {
    this.dmName = dmName;
  }

  /** A new selector of this kind. */
  abstract PathSelector selector();

  /** Of those that have least to do they take turns. */
  private static PathSelector least(ToLongFunction<PathLoad> load) {
    AtomicInteger turn = new AtomicInteger();
    return paths -> {
      int first = Math.floorMod(turn.getAndIncrement(), paths.length);
      int best = first;
      long least = load.applyAsLong(paths[first]);
      for (int i = 1; i < paths.length && least > 0; i++) {
        int at = (first + i) % paths.length;
        long each = load.applyAsLong(paths[at]);
        if (each < least) {
          least = each;
          best = at;
        }
      }
      return best;
    };
  }

  static PathPolicy of(String name) {
    for (PathPolicy policy : values()) {
      if (policy.dmName.equals(name)) {
        return policy;
      }
    }
    throw new IllegalArgumentException(
        "path_selector=" + name + ": service-time, queue-length or round-robin is wanted");
  }

  @Override
  public String toString() {
    return dmName;
  }
}
