package org.jclusterfs.iscsi.multipath;

import java.time.Duration;
import java.util.Map;
import java.util.Set;

/**
 * How the paths of a disk are used; names and meanings are those of dm-multipath where it has them.
 *
 * @param selector how requests are spread over the paths in use
 * @param replacementTimeout how long requests wait for a lost connection; within it another path
 *     takes them over
 * @param noPathRetry what follows when no path came back within it: so many polling intervals more
 *     until requests fail; {@link #QUEUE}: they wait for as long as it takes
 * @param pollingInterval how often each path is read from to see that it works
 */
public record MultipathOptions(
    PathPolicy selector, Duration replacementTimeout, int noPathRetry, Duration pollingInterval) {

  /** Requests wait for a path for as long as it takes ({@code queue_if_no_path}). */
  public static final int QUEUE = -1;

  /** The names that {@link #parse} knows. */
  public static final Set<String> NAMES =
      Set.of("path_selector", "replacement_timeout", "no_path_retry", "polling_interval");

  /** What holds where nobody says otherwise. */
  public static final MultipathOptions DEFAULTS =
      new MultipathOptions(
          PathPolicy.SERVICE_TIME, Duration.ofSeconds(15), 0, Duration.ofSeconds(5));

  /**
   * Reads options by their names.
   *
   * @throws IllegalArgumentException that names the option and says what is wanted
   */
  public static MultipathOptions parse(Map<String, String> values) {
    for (String name : values.keySet()) {
      if (!NAMES.contains(name)) {
        throw new IllegalArgumentException("no option of paths is named " + name);
      }
    }
    String selector = values.get("path_selector");
    return new MultipathOptions(
        selector == null ? DEFAULTS.selector : PathPolicy.of(selector),
        seconds(values, "replacement_timeout", DEFAULTS.replacementTimeout, 600),
        retry(values.getOrDefault("no_path_retry", "fail")),
        seconds(values, "polling_interval", DEFAULTS.pollingInterval, 60));
  }

  private static int retry(String value) {
    if (value.equals("fail")) {
      return 0;
    } else if (value.equals("queue")) {
      return QUEUE;
    } else if (value.matches("[0-9]{1,6}")) {
      return Integer.parseInt(value);
    }
    throw new IllegalArgumentException(
        "no_path_retry=" + value + ": fail, queue or a number of polling intervals is wanted");
  }

  private static Duration seconds(
      Map<String, String> values, String name, Duration otherwise, int most) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    if (value.matches("[0-9]{1,4}")) {
      int seconds = Integer.parseInt(value);
      if (seconds >= 1 && seconds <= most) {
        return Duration.ofSeconds(seconds);
      }
    }
    throw new IllegalArgumentException(
        name + "=" + value + ": a number of seconds from 1 to " + most + " is wanted");
  }

  /** How long requests wait while no path is up, in nanoseconds. */
  long patienceNanos() {
    return noPathRetry == QUEUE
        ? Long.MAX_VALUE
        : replacementTimeout.plus(pollingInterval.multipliedBy(noPathRetry)).toNanos();
  }
}
