package org.jclusterfs.system;

import static org.jclusterfs.system.SystemCalls.c;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jclusterfs.system.NamespaceOperation.Kind;
import org.jclusterfs.system.NamespaceOperation.Type;

/** A process that makes random system calls on names, on one mount, and writes down each. */
public final class NamespaceWorker {

  private static final int O_NOFOLLOW = nofollow();

  /** What strerror(3) says of ESTALE, which has no exception of its own. */
  private static final String STALE = "Stale file handle";

  private static final int TYPE_BITS = 0170000;
  private static final int DIRECTORY_BITS = 0040000;
  private static final int LINK_BITS = 0120000;
  private static final int PLACES = NamespaceOperation.DIRECTORIES * NamespaceOperation.NAMES;
  private static final Kind[] KINDS = {
    Kind.CREATE, Kind.CREATE, Kind.OPEN, Kind.OPEN, Kind.MKDIR, Kind.MKDIR, Kind.SYMLINK,
    Kind.UNLINK, Kind.UNLINK, Kind.UNLINK, Kind.RMDIR, Kind.RENAME, Kind.RENAME, Kind.RENAME,
    Kind.NOREPLACE, Kind.EXCHANGE, Kind.EXCHANGE, Kind.LINK, Kind.LINK, Kind.STAT, Kind.STAT,
    Kind.STAT, Kind.LIST, Kind.LIST
  };

  private final Path root;
  private final Random random;
  private Type type;
  private long inode;
  private int links;
  private int listed;

  private NamespaceWorker(Path root, long seed) {
    this.root = root;
    this.random = new Random(seed);
  }

  /** The flag differs between x86-64 and arm64. */
  private static int nofollow() {
    return System.getProperty("os.arch").equals("aarch64") ? 0100000 : 0400000;
  }

  /** The command line: ROOT SEED COUNT HISTORY, and GO, whose appearance is waited for. */
  static List<String> command(Path root, long seed, int count, Path history, Path go) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx64m",
        "-cp",
        System.getProperty("java.class.path"),
        NamespaceWorker.class.getName(),
        root.toString(),
        Long.toString(seed),
        Integer.toString(count),
        history.toString(),
        go.toString());
  }

  /** The process. */
  public static void main(String[] args) throws IOException {
    NamespaceWorker worker = new NamespaceWorker(Path.of(args[0]), Long.parseLong(args[1]));
    int count = Integer.parseInt(args[2]);
    c().close(-1); // the binding is made before the others begin
    Files.createFile(Path.of(args[3] + ".ready"));
    while (!Files.exists(Path.of(args[4]))) {
      Checks.pause(5);
    }
    try (BufferedWriter history = Files.newBufferedWriter(Path.of(args[3]))) {
      for (int n = 0; n < count; n++) {
        history.write(worker.next().encode());
        history.newLine();
      }
    }
  }

  private NamespaceOperation next() throws IOException {
    Kind kind = KINDS[random.nextInt(KINDS.length)];
    int from = random.nextInt(PLACES);
    int to = kind.hasTwoPlaces() ? second(from) : 0;
    if (kind == Kind.LIST) {
      from -= from % NamespaceOperation.NAMES;
    }
    type = Type.NONE;
    inode = 0;
    links = 0;
    listed = 0;
    long begun = System.nanoTime();
    int errno = call(kind, path(from), path(to), from);
    long ended = System.nanoTime();
    return new NamespaceOperation(kind, from, to, begun, ended, errno, type, inode, links, listed);
  }

  /** In the same directory every other time. */
  private int second(int from) {
    int to = random.nextInt(PLACES);
    int names = NamespaceOperation.NAMES;
    return random.nextBoolean() ? from / names * names + to % names : to;
  }

  private String path(int place) {
    Path directory = root.resolve(NamespaceOperation.directory(place));
    return directory.resolve(NamespaceOperation.name(place)).toString();
  }

  private int call(Kind kind, String from, String to, int place) throws IOException {
    int at = SystemCalls.AT_FDCWD;
    return switch (kind) {
      case CREATE -> open(from, SystemCalls.O_EXCL);
      case OPEN -> open(from, O_NOFOLLOW);
      case MKDIR -> errno(c().mkdir(from, 0755));
      case SYMLINK -> errno(c().symlink("nowhere", from));
      case UNLINK -> errno(c().unlink(from));
      case RMDIR -> errno(c().rmdir(from));
      case RENAME -> errno(c().rename(from, to));
      case NOREPLACE -> errno(c().renameat2(at, from, at, to, SystemCalls.RENAME_NOREPLACE));
      case EXCHANGE -> errno(c().renameat2(at, from, at, to, SystemCalls.RENAME_EXCHANGE));
      case LINK -> errno(c().link(from, to));
      case STAT -> stat(Path.of(from));
      case LIST -> list(root.resolve(NamespaceOperation.directory(place)));
      default -> throw new AssertionError(kind);
    };
  }

  private static int errno(int result) {
    return result == 0 ? 0 : SystemCalls.errno();
  }

  private int open(String path, int flags) throws IOException {
    int descriptor = c().open(path, SystemCalls.O_CREAT | SystemCalls.O_RDWR | flags, 0644);
    if (descriptor < 0) {
      return SystemCalls.errno();
    }
    type = Type.FILE;
    inode = (long) Files.getAttribute(Path.of("/proc/self/fd", "" + descriptor), "unix:ino");
    return errno(c().close(descriptor));
  }

  private int stat(Path path) throws IOException {
    Map<String, Object> told;
    try {
      told = Files.readAttributes(path, "unix:ino,mode,nlink", LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return SystemCalls.ENOENT;
    } catch (FileSystemException e) {
      if (STALE.equals(e.getReason())) {
        return SystemCalls.ESTALE;
      }
      throw e;
    }
    int bits = (int) told.get("mode") & TYPE_BITS;
    type = bits == DIRECTORY_BITS ? Type.DIRECTORY : bits == LINK_BITS ? Type.LINK : Type.FILE;
    if (type == Type.FILE) {
      inode = (long) told.get("ino");
      links = (int) told.get("nlink");
    }
    return 0;
  }

  private int list(Path directory) throws IOException {
    try (DirectoryStream<Path> names = Files.newDirectoryStream(directory)) {
      for (Path name : names) {
        int bit = 1 << Integer.parseInt(name.getFileName().toString().substring(1));
        if ((listed & bit) != 0) {
          throw new IOException(name + " is listed twice");
        }
        listed |= bit;
      }
      return 0;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }
}
