package org.jclusterfs.mount.kernel;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.Binding;
import org.jclusterfs.mount.BindingOptions;
import org.jclusterfs.mount.Connection;
import org.jclusterfs.mount.Fusermount;
import org.jclusterfs.mount.Handles;
import org.jclusterfs.mount.posix.Errno;
import org.jclusterfs.mount.posix.LibC;
import org.jclusterfs.mount.posix.Posix;
import org.jclusterfs.mount.protocol.Flags;
import org.jclusterfs.mount.protocol.Opcode;
import org.jclusterfs.mount.protocol.Replies;
import org.jclusterfs.mount.protocol.Requests.InHeader;
import org.jclusterfs.mount.protocol.Requests.InitIn;
import org.jclusterfs.mount.protocol.Requests.WriteIn;

/** Serves a filesystem over /dev/fuse, without libfuse. */
public final class KernelBinding implements Binding {
  static final int MAX_PAGES = 256;
  static final int MAX_WRITE = MAX_PAGES * 4096;
  static final int REQUEST_BYTES = MAX_WRITE + 4096;
  static final int REPLY_BYTES = MAX_WRITE + 4096;
  private static final long INIT_SECONDS = 10;
  private static final String TYPE = "fuse.jclusterfs";

  private final Vfs vfs;
  private final BindingOptions options;
  private final LibC libc = Posix.libc();
  private final ListedNames listed = new ListedNames();
  private final Dispatcher dispatcher = new Dispatcher(listed);
  private final CountDownLatch ready = new CountDownLatch(1);
  private volatile String refusal;
  private volatile Connection connection;
  private volatile NodeTable nodes;
  private final DyingProcesses processes = new DyingProcesses();
  private final Interrupts interrupts = new Interrupts(processes);
  private ReaderPool readers;
  private int descriptor = -1;

  /** Prepares a mount of {@code vfs}. */
  public KernelBinding(Vfs vfs, BindingOptions options) {
    this.vfs = vfs;
    this.options = options;
  }

  @Override
  public void mount() throws MountException, InterruptedException {
    descriptor = Posix.isRoot() ? mountDirectly() : Fusermount.mount(options, MAX_WRITE);
    FuseChannel channel = new DeviceChannel(descriptor);
    nodes = new NodeTable(vfs.root());
    dispatcher.on(Opcode.INIT, request -> init(request, channel, nodes, dispatcher));
    connection = Connection.on(options.directory());
    readers =
        new ReaderPool(
            channel, dispatcher, REQUEST_BYTES, REPLY_BYTES, processes, interrupts::callOffAll);
    readers.start();
    boolean answered = ready.await(INIT_SECONDS, TimeUnit.SECONDS);
    if (!answered || refusal != null) {
      close();
      throw new MountException(
          answered ? refusal : "the kernel sent no INIT within " + INIT_SECONDS + " s");
    }
  }

  /** Opens /dev/fuse and mounts. */
  private int mountDirectly() throws MountException {
    int opened = libc.open("/dev/fuse", Posix.O_RDWR | Posix.O_CLOEXEC);
    if (opened < 0) {
      throw new MountException(
          "cannot open /dev/fuse: "
              + Errno.describe(Posix.errno())
              + "; load the module fuse (modprobe fuse)");
    }
    int mounted =
        libc.mount(
            options.source(),
            options.directory().toString(),
            TYPE,
            options.mountFlags(),
            "fd="
                + opened
                + ",rootmode=40000,user_id=0,group_id=0,default_permissions"
                + ",allow_other,max_read="
                + MAX_WRITE);
    if (mounted != 0) {
      int errno = Posix.errno();
      libc.close(opened);
      throw new MountException(
          "mount(2) on " + options.directory() + " failed: " + Errno.describe(errno));
    }
    return opened;
  }

  /** Answers INIT and sets the handlers; the kernel sends nothing else before. */
  private void init(Request request, FuseChannel channel, NodeTable nodes, Dispatcher dispatcher) {
    InitIn init = InitIn.at(request.input(), request.body(), request.bodySize());
    if (init.major() != Negotiated.MAJOR || init.minor() < Negotiated.OLDEST_MINOR) {
      refusal =
          "the kernel speaks FUSE "
              + init.major()
              + "."
              + init.minor()
              + "; 7."
              + Negotiated.OLDEST_MINOR
              + " or newer is needed (Linux 5.4)";
      request.error(Errno.EINVAL);
      ready.countDown();
      return;
    }
    Negotiated negotiated = Negotiated.with(init, options.acls());
    register(channel, nodes, dispatcher, negotiated);
    Replies.initOut(
        request.out(),
        negotiated.minor(),
        init.maxReadahead(),
        negotiated.flags(),
        MAX_WRITE,
        negotiated.has(Flags.MAX_PAGES) ? MAX_PAGES : 0);
    request.reply();
    ready.countDown();
  }

  private void register(
      FuseChannel channel, NodeTable nodes, Dispatcher dispatcher, Negotiated negotiated) {
    Session session =
        new Session(
            vfs, nodes, new Handles(), listed, interrupts, negotiated, options.validMillis());
    Notices notices = new Notices(channel, nodes, listed, negotiated.epochs());
    new NameOperations(session, dispatcher);
    new InodeOperations(session, dispatcher);
    new FileOperations(session, dispatcher, notices);
    new DirectoryOperations(session, dispatcher);
    new IoctlOperations(session, dispatcher);
    new LockOperations(session, dispatcher);
    new XattrOperations(session, dispatcher);
    dispatcher.on(Opcode.DESTROY, Request::ok);
    vfs.attach(notices);
  }

  @Override
  public void awaitEnd() throws InterruptedException {
    readers.awaitEnd();
    connection.ended(readers.isAborted());
    synchronized (this) {
      if (descriptor >= 0) {
        libc.close(descriptor);
        descriptor = -1;
      }
    }
  }

  @Override
  public String path(long inode) {
    NodeTable known = nodes;
    Node node = known == null ? null : known.find(inode);
    return node == null ? null : node.path();
  }

  @Override
  public Map<String, Long> requests() {
    return dispatcher.counts();
  }

  @Override
  public synchronized boolean isConnected() {
    return descriptor >= 0;
  }

  @Override
  public int connection() {
    return connection.number();
  }

  @Override
  public void abort() {
    connection.abort();
  }

  @Override
  public void close() {
    connection.unmount();
  }

  static {
    assert REQUEST_BYTES >= MAX_WRITE + InHeader.BYTES + WriteIn.BYTES;
  }
}
