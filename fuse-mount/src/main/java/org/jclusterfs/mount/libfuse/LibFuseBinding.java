package org.jclusterfs.mount.libfuse;

import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import org.jclusterfs.core.vfs.KernelCaches;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.Binding;
import org.jclusterfs.mount.BindingOptions;
import org.jclusterfs.mount.Connection;
import org.jclusterfs.mount.Fusermount;

/**
 * Serves a filesystem through libfuse 2's high-level API. The kernel keeps no attribute, name or
 * page (timeouts 0, direct I/O), so that nothing has to be dropped when a lock is given away. What
 * that API cannot do is listed in docs/mount.md.
 */
public final class LibFuseBinding implements Binding {
  private static final long INIT_SECONDS = 10;
  private static final int WITHDRAWAL_LOOKS = 20;
  private static final int WITHDRAWAL_LOOK_MILLIS = 50;

  private static final List<String> ALWAYS =
      List.of(
          "subtype=jclusterfs",
          "default_permissions",
          "nonempty",
          "use_ino",
          "readdir_ino",
          "hard_remove",
          "atomic_o_trunc",
          "big_writes",
          "direct_io",
          "attr_timeout=0",
          "entry_timeout=0",
          "negative_timeout=0",
          "intr");

  private final Vfs vfs;
  private final BindingOptions options;
  private final LibFuse2 library;
  private final LibFuseSession session;
  private final OperationTable table = new OperationTable(Runtime.getSystemRuntime());
  private final CountDownLatch ready = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile int status;
  private volatile boolean aborted;
  private volatile Connection connection;

  /**
   * Prepares a mount of {@code vfs}.
   *
   * @throws MountException where libfuse 2 is not installed
   */
  public LibFuseBinding(Vfs vfs, BindingOptions options) throws MountException {
    this.vfs = vfs;
    this.options = options;
    library = LibFuse2.load();
    session = new LibFuseSession(vfs, library);
    new AttributeCallbacks(session, table);
    new NameCallbacks(session, table);
    new OpenCallbacks(session, table);
    new FileCallbacks(session, table);
    new DirectoryCallbacks(session, table);
    new XattrCallbacks(session, table);
    new LockCallbacks(session, table);
    table.set(table.init, RawCallbacks.Init.class, this::connected);
  }

  private Pointer connected(Pointer kernel) {
    session.connected(library.fuse_get_context().fuse.get());
    ready.countDown();
    return null;
  }

  /** The words after -o. */
  static String optionList(BindingOptions options) {
    StringJoiner list = new StringJoiner(",");
    ALWAYS.forEach(list::add);
    if (Fusermount.allowsOthers()) {
      list.add("allow_other");
    }
    list.add(Fusermount.sourceWord(options.source()));
    list.add(Fusermount.flagWords(options.mountFlags()));
    return list.toString();
  }

  @Override
  public void mount() throws MountException, InterruptedException {
    vfs.attach(KernelCaches.NONE);
    String[] words = {
      "jclusterfs", options.directory().toString(), "-f", "-o", optionList(options)
    };
    Thread loop = new Thread(() -> serve(words), "libfuse");
    loop.setDaemon(true);
    loop.start();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(INIT_SECONDS);
    while (!ready.await(20, TimeUnit.MILLISECONDS)) {
      if (ended.getCount() == 0) {
        throw new MountException(
            "libfuse could not mount on "
                + options.directory()
                + " (status "
                + status
                + "): what it said is in the log");
      }
      if (System.nanoTime() - end > 0) {
        Connection.on(options.directory()).unmount();
        throw new MountException("the kernel sent no INIT within " + INIT_SECONDS + " s");
      }
    }
    connection = Connection.on(options.directory());
  }

  private void serve(String[] words) {
    try {
      status = library.fuse_main_real(words.length, words, table, Struct.size(table), null);
    } finally {
      ended.countDown();
    }
  }

  @Override
  public void awaitEnd() throws InterruptedException {
    ended.await();
    connection.ended(connection.isMounted() && isAborted());
  }

  /**
   * Whether the mount that is left was aborted through fusectl, and not by a forced umount, after
   * which it is to go. libfuse does not tell; the guardian aborts only what has lost its lease.
   */
  private boolean isAborted() throws InterruptedException {
    for (int i = 0; i < WITHDRAWAL_LOOKS && !aborted; i++) {
      if (vfs.status().cluster().withdrawn() != null) {
        return true;
      }
      Thread.sleep(WITHDRAWAL_LOOK_MILLIS);
    }
    return aborted;
  }

  @Override
  public String path(long inode) {
    return inode == vfs.root() ? "/" : session.paths().lastPath(inode);
  }

  @Override
  public int connection() {
    return connection.number();
  }

  @Override
  public boolean isConnected() {
    return ended.getCount() > 0;
  }

  @Override
  public void abort() {
    aborted = true;
    connection.abort();
  }

  @Override
  public void close() {
    connection.unmount();
  }
}
