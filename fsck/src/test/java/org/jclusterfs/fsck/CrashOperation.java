package org.jclusterfs.fsck;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.jclusterfs.core.vfs.FsException;

/**
 * The operations that sequences are enumerated over, in the manner of CrashMonkey's ACE: each kind
 * of change on files with inline and with mapped content, of one and of several blocks, in two
 * directories.
 *
 * @param name as it stands in a sequence
 * @param subject path whose inode it changes: what fsync is called for
 * @param directory path of the directory that it changes, or that the subject lies in
 * @param action what it does
 */
record CrashOperation(String name, String subject, String directory, Action action) {
  private static final Map<String, CrashOperation> ALL = new LinkedHashMap<>();
  private static final Map<String, byte[]> PATTERNS = new ConcurrentHashMap<>();

  /** What an operation does to a tree. */
  @FunctionalInterface
  interface Action {
    void on(CrashTree tree) throws FsException;
  }

  static {
    names();
    contents();
    space();
    attributes();
  }

  private static void add(String name, String subject, Action action) {
    String directory = subject.substring(0, subject.lastIndexOf('/'));
    CrashOperation added = new CrashOperation(name, subject, directory, action);
    if (ALL.put(name, added) != null) {
      throw new IllegalStateException("two operations are called " + name);
    }
  }

  /** All, in their order. */
  static List<CrashOperation> all() {
    return List.copyOf(ALL.values());
  }

  /** The operation of a name. */
  static CrashOperation named(String name) {
    CrashOperation found = ALL.get(name);
    if (found == null) {
      throw new IllegalArgumentException("no operation is called " + name);
    }
    return found;
  }

  /** Bytes without a zero, which differ from those of any other name; not to be changed. */
  static byte[] pattern(String name, int length) {
    return PATTERNS.computeIfAbsent(name + " " + length, key -> makePattern(name, length));
  }

  private static byte[] makePattern(String name, int length) {
    return withoutZeros(new Random(name.hashCode() * 31L + length), length);
  }

  /** Random bytes of which none looks like a hole. */
  static byte[] withoutZeros(Random random, int length) {
    byte[] data = new byte[length];
    random.nextBytes(data);
    for (int i = 0; i < length; i++) {
      data[i] = data[i] == 0 ? 1 : data[i];
    }
    return data;
  }

  /** What the sequences start from. */
  static void prepare(CrashTree tree) throws FsException {
    for (String directory : List.of("/A", "/B", "/A/D", "/B/E")) {
      tree.makeDirectory(directory);
    }
    file(tree, "/A/small", 1500);
    file(tree, "/A/big", 20_000);
    file(tree, "/A/attr", 300);
    file(tree, "/B/tiny", 100);
    file(tree, "/B/other", 9000);
    file(tree, "/B/E/inner", 5000);
    tree.setXattr("/A/attr", "user.a", pattern("a", 10));
    tree.setXattr("/A/attr", "user.big", pattern("big", 6000));
    tree.symlink("/B/soft", "../A/small");
    tree.link("/B/other", "/A/second");
  }

  private static void file(CrashTree tree, String path, int size) throws FsException {
    tree.create(path);
    tree.write(path, 0, pattern(path, size));
  }

  private static void names() {
    add("create", "/A/new", t -> t.create("/A/new"));
    add("create-inner", "/B/E/new", t -> t.create("/B/E/new"));
    add("mkdir", "/A/made", t -> t.makeDirectory("/A/made"));
    add("create-in-made", "/A/made/x", t -> t.create("/A/made/x"));
    add("rmdir", "/A/D", t -> t.removeDirectory("/A/D"));
    add("rmdir-made", "/A/made", t -> t.removeDirectory("/A/made"));
    add("link-big", "/A/big", t -> t.link("/A/big", "/B/hard"));
    add("link-small", "/A/small", t -> t.link("/A/small", "/A/hard"));
    add("link-new", "/A/new", t -> t.link("/A/new", "/B/hard"));
    add("unlink-small", "/A/small", t -> t.unlink("/A/small"));
    add("unlink-big", "/A/big", t -> t.unlink("/A/big"));
    add("unlink-attr", "/A/attr", t -> t.unlink("/A/attr"));
    add("unlink-second", "/A/second", t -> t.unlink("/A/second"));
    add("unlink-new", "/A/new", t -> t.unlink("/A/new"));
    add("unlink-soft", "/B/soft", t -> t.unlink("/B/soft"));
    add(
        "unlink-open-big",
        "/A/big",
        t -> {
          t.open("/A/big");
          t.unlink("/A/big");
        });
    add(
        "unlink-open-tiny",
        "/B/tiny",
        t -> {
          t.open("/B/tiny");
          t.unlink("/B/tiny");
        });
    add("tmpfile", "/A/new", t -> t.linkUnnamed("/A/new", pattern("tmpfile", 6000)));
    add("tmpfile-small", "/B/E/new", t -> t.linkUnnamed("/B/E/new", pattern("tmpfile", 100)));
    add("tmpfile-open", "/A", t -> t.openUnnamed("/A", pattern("tmpfile", 6000)));
    add("whiteout", "/B/moved", t -> t.whiteOut("/A/big", "/B/moved"));
    add("whiteout-over", "/B/tiny", t -> t.whiteOut("/A/small", "/B/tiny"));
    rename("rename-over-tiny", "/A/small", "/B/tiny");
    rename("rename-over-big", "/A/small", "/A/big");
    rename("rename-big-over-attr", "/A/big", "/A/attr");
    rename("rename-new-over-big", "/A/new", "/A/big");
    rename("rename-new-over-small", "/A/new", "/A/small");
    rename("rename-away", "/A/big", "/B/moved");
    rename("rename-beside", "/A/big", "/A/moved");
    rename("rename-into-made", "/A/small", "/A/made/small");
    rename("rename-dir", "/A/D", "/B/D");
    rename("rename-full-dir", "/B/E", "/A/E");
    rename("rename-dir-over", "/B/E", "/A/D");
    add("exchange", "/A/small", t -> t.rename("/A/small", "/B/other", true));
    add("exchange-dirs", "/A/D", t -> t.rename("/A/D", "/B/E", true));
    add("symlink", "/A/link", t -> t.symlink("/A/link", "small"));
    add("symlink-long", "/A/long", t -> t.symlink("/A/long", "l".repeat(4000)));
    add("mknod", "/A/fifo", t -> t.makeFifo("/A/fifo"));
  }

  private static void rename(String name, String from, String to) {
    add(name, to, t -> t.rename(from, to, false));
  }

  private static void write(String name, String path, Integer offset, int length) {
    add(name, path, t -> t.write(path, offset, pattern(name, length)));
  }

  private static void contents() {
    write("append-small", "/A/small", null, 200);
    write("append-small-out", "/A/small", null, 5000);
    write("append-big", "/A/big", null, 6000);
    write("append-big-aligned", "/A/big", null, 480);
    write("append-big-many", "/A/big", null, 90_000);
    write("append-second", "/A/second", null, 3000);
    write("write-new", "/A/new", 0, 2000);
    write("write-new-blocks", "/A/new", 0, 9000);
    write("write-made", "/A/made/x", 0, 5000);
    write("write-moved", "/B/moved", 4096, 4096);
    write("overwrite-small", "/A/small", 50, 100);
    write("overwrite-big", "/A/big", 4096, 8192);
    write("overwrite-big-part", "/A/big", 3000, 3000);
    write("overwrite-big-whole", "/A/big", 0, 20_000);
    write("write-behind", "/A/big", 60_000, 5000);
    write("write-small-behind", "/A/small", 10_000, 100);
    truncate("truncate-small", "/A/small", 100);
    truncate("truncate-small-0", "/A/small", 0);
    truncate("truncate-small-up", "/A/small", 3000);
    truncate("truncate-small-out", "/A/small", 9000);
    truncate("truncate-big", "/A/big", 9000);
    truncate("truncate-big-aligned", "/A/big", 8192);
    truncate("truncate-big-0", "/A/big", 0);
    truncate("truncate-big-up", "/A/big", 50_000);
  }

  private static void truncate(String name, String path, int size) {
    add(name, path, t -> t.truncate(path, size));
  }

  private static void allocate(
      String name, String path, boolean punch, boolean keep, int offset, int length) {
    add(name, path, t -> t.allocate(path, punch, keep, offset, length));
  }

  private static void space() {
    allocate("allocate-big", "/A/big", false, false, 20_000, 30_000);
    allocate("allocate-big-keep", "/A/big", false, true, 20_000, 30_000);
    allocate("allocate-small", "/A/small", false, false, 0, 10_000);
    allocate("allocate-new-keep", "/A/new", false, true, 0, 10_000);
    allocate("punch-big", "/A/big", true, true, 4096, 8192);
    allocate("punch-big-part", "/A/big", true, true, 1000, 9000);
    allocate("punch-big-inside", "/A/big", true, true, 5000, 1000);
    allocate("punch-big-end", "/A/big", true, true, 10_000, 50_000);
    allocate("punch-small", "/A/small", true, true, 100, 500);
    zero("zero-big", true, 4096, 8192);
    zero("zero-big-part", true, 1000, 9000);
    zero("zero-big-up", false, 10_000, 30_000);
    add("zero-small", "/A/small", t -> t.zero("/A/small", true, 100, 500));
    copy("copy-big", "/A/big", 0, "/B/other", 0, 20_000);
    copy("copy-big-part", "/A/big", 1000, "/B/other", 3000, 9000);
    copy("copy-small", "/A/small", 0, "/B/tiny", 50, 1500);
  }

  private static void zero(String name, boolean keep, int offset, int length) {
    add(name, "/A/big", t -> t.zero("/A/big", keep, offset, length));
  }

  private static void copy(
      String name, String source, int from, String target, int at, int length) {
    add(name, target, t -> t.copy(source, from, target, at, length));
  }

  private static void attributes() {
    xattr("xattr-small", "/A/small", "user.x", 30);
    xattr("xattr-big", "/A/big", "user.y", 7000);
    xattr("xattr-shrink", "/A/attr", "user.big", 100);
    xattr("xattr-grow", "/A/attr", "user.a", 9000);
    xattr("xattr-dir", "/A", "user.d", 50);
    add("xattr-remove", "/A/attr", t -> t.removeXattr("/A/attr", "user.a"));
    add("xattr-remove-big", "/A/attr", t -> t.removeXattr("/A/attr", "user.big"));
  }

  private static void xattr(String name, String path, String attribute, int length) {
    add(name, path, t -> t.setXattr(path, attribute, pattern(name, length)));
  }

  @Override
  public String toString() {
    return name;
  }
}
