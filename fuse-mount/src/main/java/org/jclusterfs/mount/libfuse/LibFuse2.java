package org.jclusterfs.mount.libfuse;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Platform;
import jnr.ffi.Pointer;
import org.jclusterfs.core.vfs.MountException;
import ru.serce.jnrfuse.LibFuse;

/** The functions of libfuse 2, more than jnr-fuse names. Thread-safe. */
public interface LibFuse2 extends LibFuse {

  /** Whether the process whose request this thread serves was signalled. */
  int fuse_interrupted();

  /** Session of a filesystem. */
  Pointer fuse_get_session(Pointer fuse);

  /** The session's channel, after null. */
  Pointer fuse_session_next_chan(Pointer session, Pointer channel);

  /** Descriptor of a channel. */
  int fuse_chan_fd(Pointer channel);

  /**
   * Loads the library.
   *
   * @throws MountException where it is not installed
   */
  static LibFuse2 load() throws MountException {
    return Platform.getNativePlatform().getOS() == Platform.OS.DARWIN
        ? load("osxfuse", "macfuse", "fuse")
        : load("libfuse.so.2");
  }

  /** Loads the first of several that is there. */
  static LibFuse2 load(String... names) throws MountException {
    LinkageError failure = null;
    for (String name : names) {
      try {
        return LibraryLoader.create(LibFuse2.class).failImmediately().load(name);
      } catch (LinkageError e) {
        failure = e;
      }
    }
    throw new MountException(
        "binding=libfuse: "
            + String.join(", ", names)
            + " cannot be loaded: install libfuse 2 (Debian package libfuse2)",
        failure);
  }
}
