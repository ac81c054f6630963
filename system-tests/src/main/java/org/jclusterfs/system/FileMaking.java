package org.jclusterfs.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Files that one node made in a directory of its own, and the lock messages that this cost it.
 *
 * @param files made
 * @param nanos that it took
 * @param messages about locks that the node sent to others meanwhile
 */
record FileMaking(long files, long nanos, long messages) {

  /** Makes a directory and empty files in it for so long. */
  static FileMaking during(Node node, String directory, int seconds) throws IOException {
    return make(node, directory, Long.MAX_VALUE, seconds * 1_000_000_000L);
  }

  /** Makes a directory and so many empty files in it. */
  static FileMaking of(Node node, String directory, long files) throws IOException {
    return make(node, directory, files, Long.MAX_VALUE);
  }

  private static FileMaking make(Node node, String directory, long files, long nanos)
      throws IOException {
    Path in = Files.createDirectory(node.path(directory));
    final long before = node.status().cluster().lockMessages();
    long begun = System.nanoTime();
    long made = 0;
    while (made < files && System.nanoTime() - begun < nanos) {
      Files.createFile(in.resolve("file-" + made++));
    }
    long took = System.nanoTime() - begun;
    return new FileMaking(made, took, node.status().cluster().lockMessages() - before);
  }

  double perSecond() {
    return files * 1e9 / nanos;
  }

  double messagesPerHundred() {
    return messages * 100.0 / files;
  }
}
