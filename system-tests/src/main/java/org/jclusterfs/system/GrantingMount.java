package org.jclusterfs.system;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jclusterfs.core.vfs.Attributes;
import org.jclusterfs.core.vfs.FsException;
import org.jclusterfs.core.vfs.InodeId;
import org.jclusterfs.core.vfs.OpenFile;
import org.jclusterfs.core.vfs.Reply;
import org.jclusterfs.core.vfs.Vfs;
import org.jclusterfs.mount.BindingOptions;
import org.jclusterfs.mount.kernel.KernelBinding;

/**
 * A mount whose only file grants every lock at once, in a process of its own with the daemon's
 * options: what a lock costs that is asked for through FUSE, however it is decided.
 */
public final class GrantingMount implements AutoCloseable {

  /** The file in it. */
  static final String FILE = "granting";

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String LIVE = "live";
  private static final long ROOT = 16;
  private static final long NUMBER = 17;
  private static final int DIRECTORY_MODE = 0040755;
  private static final int FILE_MODE = 0100666;

  private final Path directory;
  private final WorkerProcess process;

  private GrantingMount(Path directory, WorkerProcess process) {
    this.directory = directory;
    this.process = process;
  }

  /** Mounts one. */
  static GrantingMount start() {
    Path directory = WorkDirectory.make("granting");
    String script =
        """
        . "$0/bin/lib/launch.sh"
        JCLUSTERFS_CLASS_PATH=$0/system-tests/target/classes:$(launch_class_path fuse-mount "$0")
        launch_tuning=(-Xms32m -Xmx768m -XX:+UseSerialGC -Xshare:auto)
        launch fuse-mount %s "$1"
        """
            .formatted(GrantingMount.class.getName());
    CompletableFuture<String> first = new CompletableFuture<>();
    WorkerProcess process =
        WorkerProcess.start(
            List.of("bash", "-c", script, ProjectTree.root().toString(), directory.toString()),
            "granting",
            first::complete);
    String said;
    try {
      said = first.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      said = e.toString();
    }
    GrantingMount mount = new GrantingMount(directory, process);
    if (!said.equals(LIVE)) {
      mount.close();
      throw new IllegalStateException("the stub that grants every lock does not mount: " + said);
    }
    return mount;
  }

  /** The file whose locks are granted. */
  Path file() {
    return directory.resolve(FILE);
  }

  @Override
  public void close() {
    Commands.run("umount", "-i", directory.toString());
    if (!process.awaitEnd(LIMIT)) {
      process.end(LIMIT);
    }
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new IllegalStateException(directory + " stays mounted: " + e.getMessage(), e);
    }
  }

  /** The process: DIRECTORY. */
  public static void main(String[] args) throws Exception {
    InvocationHandler calls = GrantingMount::call;
    Vfs vfs =
        (Vfs) Proxy.newProxyInstance(Vfs.class.getClassLoader(), new Class<?>[] {Vfs.class}, calls);
    Path directory = Path.of(args[0]);
    KernelBinding binding =
        new KernelBinding(vfs, new BindingOptions("granting", directory, 0, 1, false));
    binding.mount();
    System.out.println(LIVE);
    binding.awaitEnd();
  }

  private record Handle(long inode, int flags) implements OpenFile {
    @Override
    public boolean keepCache() {
      return false;
    }

    @Override
    public boolean directIo() {
      return true;
    }
  }

  @SuppressWarnings("unchecked")
  private static Object call(Object self, Method method, Object[] arguments) throws FsException {
    switch (method.getName()) {
      case "lockRange", "flock":
        return true;
      case "unlockRange", "testRange", "attach", "forget", "flush", "release", "close":
        return null;
      case "root":
        return ROOT;
      case "lookup":
        String name = new String((byte[]) arguments[1], StandardCharsets.UTF_8);
        if (!name.equals(FILE)) {
          throw new FsException(FsException.Failure.NO_ENTRY, name);
        }
        ((Reply<Attributes>) arguments[2]).accept(attributes(NUMBER));
        return null;
      case "getAttributes":
        ((Reply<Attributes>) arguments[1]).accept(attributes(((InodeId) arguments[0]).number()));
        return null;
      case "setAttributes":
        ((Reply<Attributes>) arguments[2]).accept(attributes(((InodeId) arguments[0]).number()));
        return null;
      case "open":
        Handle opened = new Handle(((InodeId) arguments[0]).number(), (int) arguments[1]);
        ((Reply<OpenFile>) arguments[2]).accept(opened);
        return null;
      default:
        throw new FsException(FsException.Failure.NOT_SUPPORTED, method.getName());
    }
  }

  private static Attributes attributes(long inode) {
    Instant epoch = Instant.EPOCH;
    int mode = inode == ROOT ? DIRECTORY_MODE : FILE_MODE;
    return new Attributes(inode, 1, mode, 1, 0, 0, 0, 0, 0, 0, epoch, epoch, epoch, epoch, 0, true);
  }
}
