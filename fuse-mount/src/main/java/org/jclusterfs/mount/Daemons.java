package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.Path;

/** Finds the daemon behind a mounted directory. */
public final class Daemons {
  private static final String TYPE = "fuse.jclusterfs";

  private Daemons() {}

  /**
   * The socket on which the daemon of a mount listens.
   *
   * @param directory absolute path of the mount point; nothing is looked up in it, since it may not
   *     answer
   * @throws IOException with a message for the user where no daemon serves it
   */
  public static Path controlSocketOf(Path directory) throws IOException {
    MountTable.Mount mount =
        MountTable.read()
            .top(directory)
            .filter(m -> m.type().equals(TYPE))
            .orElseThrow(
                () -> new IOException("no jclusterfs volume is mounted on this directory"));
    return StateFile.controlSocketOf(mount.minor())
        .orElseThrow(
            () ->
                new IOException(
                    "the mount is dead: its daemon has ended; unmount it and mount it again"));
  }
}
