package org.jclusterfs.mount;

import java.util.concurrent.atomic.AtomicBoolean;
import sun.misc.Signal;

/**
 * The signals that ask a daemon to end. They are handled here and not by shutdown hooks, since the
 * virtual machine's own hook ends logging at once.
 */
final class Signals {
  private Signals() {}

  /** Sets what the first of SIGTERM, SIGINT and SIGHUP runs, in a thread of its own. */
  static void onTermination(Runnable action) {
    AtomicBoolean asked = new AtomicBoolean();
    for (String name : new String[] {"TERM", "INT", "HUP"}) {
      Signal.handle(
          new Signal(name),
          signal -> {
            if (asked.compareAndSet(false, true)) {
              Thread thread = new Thread(action, "unmount");
              thread.setDaemon(true);
              thread.start();
            }
          });
    }
  }
}
