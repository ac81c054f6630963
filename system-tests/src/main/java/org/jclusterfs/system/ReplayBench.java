package org.jclusterfs.system;

import java.io.IOException;

/** Placeholder. */
final class ReplayBench {
  ReplayBench(Target.Kind kind, int mib) {}

  void run() throws IOException {}
}
