package org.jclusterfs.mount;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Finds the daemon behind a mounted directory. */
public final class Daemons {
  private static final String TYPE = "fuse.jclusterfs";

  private Daemons() {}

  /**
   * The socket on which the daemon of a mount listens.
   *
   * @param directory absolute path of the mount point, or of a symbolic link to it; nothing is
   *     looked up in it, since it may not answer
   * @throws IOException with a message for the user where no daemon serves it
   */
  public static Path controlSocketOf(Path directory) throws IOException {
    MountTable.Mount mount =
        mountOn(directory)
            .or(() -> mountOn(target(directory)))
            .orElseThrow(
                () -> new IOException("no jclusterfs volume is mounted on this directory"));
    return StateFile.controlSocketOf(mount)
        .orElseThrow(
            () ->
                new IOException(
                    "the mount is dead: its daemon has ended; unmount it and mount it again"));
  }

  private static Optional<MountTable.Mount> mountOn(Path directory) {
    return MountTable.read().top(directory).filter(m -> m.type().equals(TYPE));
  }

  /** Where symbolic links lead; the path itself where that cannot be found out. */
  private static Path target(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path;
    }
  }
}
