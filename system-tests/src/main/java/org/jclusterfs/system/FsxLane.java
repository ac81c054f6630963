package org.jclusterfs.system;

import static org.jclusterfs.system.SystemCalls.c;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import jnr.ffi.Pointer;
import org.jclusterfs.system.FsxFile.Handles;
import org.jclusterfs.system.FsxFile.Way;

/**
 * Random operations on the files of one directory, each on a mount chosen at random, one after the
 * other; each result has to be that of the model in memory. What it does follows from its seed
 * alone. Belongs to one thread.
 */
final class FsxLane {

  private static final int PAGE = 4096;
  private static final int MOST_FILES = 6;
  private static final int NAMES = 10;
  private static final int[] CAPACITIES = {3 * 1024, 64 * 1024, 64 * 1024, 512 * 1024};
  private static final int LONGEST = 128 * 1024;

  /** What can be done, and how often relative to the others. */
  private enum Kind {
    READ(18),
    MAP_READ(12),
    WRITE(16),
    APPEND(8),
    MAP_WRITE(12),
    TRUNCATE(5),
    PUNCH(4),
    ZERO(4),
    ALLOCATE(3),
    COPY(4),
    CREATE(3),
    RENAME(3),
    UNLINK(2),
    FSYNC(2),
    REOPEN(4),
    STAT(4),
    SEEK(3);

    final int weight;

    Kind(int weight) {
      this.weight = weight;
    }
  }

  /** A result that the model does not have. */
  static final class Difference extends RuntimeException {
    private static final long serialVersionUID = 1;

    Difference(String message) {
      super(message);
    }
  }

  private final long seed;
  private final List<Path> directories;
  private final Random random;
  private final List<FsxFile> files = new ArrayList<>();
  private final Map<Kind, Integer> done = new EnumMap<>(Kind.class);
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(LONGEST * 8);
  private final ByteBuffer offsets = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
  private final byte[] bytes = new byte[LONGEST * 8];
  private final int weights;
  private int number;
  private FsxFile file;
  private int mount;

  /**
   * A lane that has done nothing.
   *
   * @param directories the same empty directory, as each mount shows it
   */
  FsxLane(long seed, List<Path> directories) {
    this.seed = seed;
    this.directories = directories;
    this.random = new Random(seed);
    int sum = 0;
    for (Kind kind : Kind.values()) {
      sum += kind.weight;
    }
    weights = sum;
  }

  long seed() {
    return seed;
  }

  /** Operations of each kind, for people. */
  String visited() {
    return done.toString().toLowerCase();
  }

  void addTo(Map<String, Integer> sums) {
    done.forEach((kind, count) -> sums.merge(kind.name().toLowerCase(), count, Integer::sum));
  }

  /**
   * Does one more.
   *
   * @throws Difference if its result is not the model's
   */
  void step() {
    number++;
    mount = random.nextInt(directories.size());
    Kind kind = files.isEmpty() ? Kind.CREATE : choose();
    if (kind == Kind.CREATE && files.size() == MOST_FILES) {
      kind = Kind.UNLINK;
    }
    if (kind != Kind.CREATE) {
      file = files.get(random.nextInt(files.size()));
    }
    done.merge(kind, 1, Integer::sum);
    try {
      run(kind);
    } catch (InternalError e) {
      // What the virtual machine makes of SIGBUS.
      throw new Difference(report("a page of a mapping cannot be had: " + e.getMessage()));
    } catch (IOException e) {
      throw new Difference(report(e.toString()));
    }
  }

  /** Compares every file on every mount, and closes all. */
  void finish() throws IOException {
    for (FsxFile each : List.copyOf(files)) {
      file = each;
      for (mount = 0; mount < directories.size(); mount++) {
        if (available(Way.READ_ONLY) >= 0) {
          read(Way.READ_ONLY, 0, file.capacity);
        }
      }
      for (mount = 0; mount < directories.size(); mount++) {
        close();
      }
    }
  }

  private Kind choose() {
    int at = random.nextInt(weights);
    for (Kind kind : Kind.values()) {
      at -= kind.weight;
      if (at < 0) {
        return kind;
      }
    }
    throw new AssertionError();
  }

  private void run(Kind kind) throws IOException {
    switch (kind) {
      case READ -> {
        int offset = random.nextInt(file.capacity);
        Way way = random.nextInt(2) == 0 ? Way.READ_ONLY : Way.READ_WRITE;
        read(way, offset, length(offset, file.capacity));
      }
      case MAP_READ -> mapRead();
      case WRITE -> write();
      case APPEND -> append();
      case MAP_WRITE -> mapWrite();
      case TRUNCATE -> truncate();
      case PUNCH -> fallocate(SystemCalls.FALLOC_PUNCH_HOLE | SystemCalls.FALLOC_KEEP_SIZE);
      case ZERO -> fallocate(SystemCalls.FALLOC_ZERO_RANGE | keepSize());
      case ALLOCATE -> fallocate(keepSize());
      case COPY -> copy();
      case CREATE -> create();
      case RENAME -> rename();
      case UNLINK -> unlink();
      case FSYNC -> fsync();
      case REOPEN -> {
        say("close");
        close();
      }
      case STAT -> stat();
      case SEEK -> seek();
      default -> throw new AssertionError(kind);
    }
  }

  private int keepSize() {
    return random.nextInt(2) * SystemCalls.FALLOC_KEEP_SIZE;
  }

  /** A length that fits between an offset and an end, short as a rule. */
  private int length(int offset, int end) {
    int most = random.nextInt(16) == 0 ? LONGEST : 12 * 1024;
    return 1 + random.nextInt(Math.min(most, end - offset));
  }

  /** A random place to begin; aligned to pages now and then. */
  private int offset(int below) {
    int offset = random.nextInt(below);
    return random.nextInt(4) == 0 ? offset / PAGE * PAGE : offset;
  }

  private void create() {
    String name = null;
    while (name == null || named(name) != null) {
      name = "f" + random.nextInt(NAMES);
    }
    int capacity = CAPACITIES[random.nextInt(CAPACITIES.length)];
    file = new FsxFile(name, capacity, directories.size());
    say("create of at most %d bytes", capacity);
    int flags = SystemCalls.O_CREAT | SystemCalls.O_EXCL | SystemCalls.O_RDWR;
    int descriptor = c().open(path(name), flags, 0644);
    demand(descriptor >= 0, "open");
    file.handles.get(mount).descriptors[Way.READ_WRITE.ordinal()] = descriptor;
    files.add(file);
  }

  private FsxFile named(String name) {
    return files.stream().filter(f -> name.equals(f.name)).findFirst().orElse(null);
  }

  private String path(String name) {
    return directories.get(mount).resolve(name).toString();
  }

  /**
   * The file's descriptor of a kind on this mount, opened now where need be; -1 if it is unlinked
   * and not open so.
   */
  private int available(Way way) {
    Handles handles = file.handles.get(mount);
    int descriptor = handles.descriptors[way.ordinal()];
    if (descriptor < 0 && file.name != null) {
      descriptor = c().open(path(file.name), way.flags, 0);
      demand(descriptor >= 0, "open of " + file);
      handles.descriptors[way.ordinal()] = descriptor;
    }
    return descriptor;
  }

  /** As {@link #available}, on another mount where an unlinked file is open there only. */
  private int anywhere(Way way) {
    for (int tries = 0; tries < directories.size(); tries++) {
      int descriptor = available(way);
      if (descriptor >= 0) {
        return descriptor;
      }
      mount = (mount + 1) % directories.size();
    }
    return -1;
  }

  private void read(Way way, int offset, int length) {
    int descriptor = anywhere(way);
    if (descriptor < 0) {
      return;
    }
    say("read %s %s", way, range(offset, length));
    long read = c().pread(descriptor, SystemCalls.address(buffer), length, offset);
    int expected = Math.max(0, Math.min(length, file.size - offset));
    demand(read >= 0, "read");
    demand(read == expected, "read %d bytes and not %d", read, expected);
    buffer.get(0, bytes, 0, expected);
    same(bytes, offset, expected);
  }

  private void write() {
    int descriptor = anywhere(Way.READ_WRITE);
    if (descriptor < 0) {
      return;
    }
    int offset = offset(file.capacity);
    int length = fill(length(offset, file.capacity));
    say("write %s", range(offset, length));
    buffer.put(0, bytes, 0, length);
    long written = c().pwrite(descriptor, SystemCalls.address(buffer), length, offset);
    demand(written == length, "wrote %d bytes", written);
    extend(offset);
    file.put(number, offset, bytes, 0, length);
  }

  private void extend(int to) {
    if (to > file.size) {
      file.resize(number, to);
    }
  }

  private int fill(int length) {
    // Bytes that no other operation of this lane is likely to have written at the same place.
    long state = seed * 0x9E3779B97F4A7C15L + number;
    for (int n = 0; n < length; n++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      bytes[n] = (byte) (state >>> 40);
    }
    return length;
  }

  private void append() {
    int descriptor = anywhere(Way.APPEND);
    if (descriptor < 0 || file.size == file.capacity) {
      return;
    }
    int length = fill(Math.min(length(0, file.capacity), file.capacity - file.size));
    say("append %s", range(file.size, length));
    buffer.put(0, bytes, 0, length);
    long written = c().write(descriptor, SystemCalls.address(buffer), length);
    demand(written == length, "wrote %d bytes", written);
    file.put(number, file.size, bytes, 0, length);
  }

  /**
   * A mapping of the whole capacity, kept from one operation to the next; null where there cannot
   * be one.
   */
  private ByteBuffer mapping(boolean writable) {
    Way way = writable ? Way.READ_WRITE : Way.READ_ONLY;
    int descriptor = anywhere(way);
    if (descriptor < 0) {
      return null;
    }
    Handles handles = file.handles.get(mount);
    int slot = writable ? 1 : 0;
    int length = (file.capacity + PAGE - 1) / PAGE * PAGE;
    if (handles.mappings[slot] == 0) {
      int protection = SystemCalls.PROT_READ | (writable ? SystemCalls.PROT_WRITE : 0);
      Pointer mapped = c().mmap(null, length, protection, SystemCalls.MAP_SHARED, descriptor, 0);
      demand(mapped != null && mapped.address() != -1, "mmap");
      handles.mappings[slot] = mapped.address();
    }
    askSize(descriptor, file);
    return SystemCalls.memory(handles.mappings[slot], length);
  }

  /**
   * A mapping and copy_file_range(2) end where the kernel last heard the end to be: it does not ask
   * when these are used, so whoever goes behind the end that it knew asks first, as cp(1) does.
   */
  private void askSize(int descriptor, FsxFile of) {
    long end = c().lseek(descriptor, 0, SystemCalls.SEEK_END);
    demand(end == of.size, "the end of %s is at %d and not at %d", of, end, of.size);
  }

  private void mapRead() {
    boolean writable = random.nextInt(2) == 0;
    ByteBuffer mapping = mapping(writable);
    if (mapping == null || file.size == 0) {
      return;
    }
    int offset = random.nextInt(file.size);
    int length = length(offset, file.size);
    say("read by a %s mapping %s", writable ? "writable" : "read-only", range(offset, length));
    mapping.get(offset, bytes, 0, length);
    same(bytes, offset, length);
    if (offset + length == file.size) {
      for (int n = file.size; n % PAGE != 0; n++) {
        demand(mapping.get(n) == 0, "byte %d of the page behind the end is not 0", n);
      }
    }
  }

  private void mapWrite() {
    ByteBuffer mapping = mapping(true);
    if (mapping == null || file.size == 0) {
      return;
    }
    int offset = offset(file.size);
    int length = fill(length(offset, file.size));
    say("store by a mapping %s", range(offset, length));
    mapping.put(offset, bytes, 0, length);
    file.storedByMapping = true;
    file.put(number, offset, bytes, 0, length);
  }

  private void truncate() {
    int descriptor = anywhere(Way.READ_WRITE);
    if (descriptor < 0) {
      return;
    }
    int size = random.nextInt(5) == 0 ? 0 : offset(file.capacity);
    say("truncate from %d to %d", file.size, size);
    if (size == 0 && file.name != null && random.nextInt(2) == 0) {
      int opened = c().open(path(file.name), SystemCalls.O_WRONLY | SystemCalls.O_TRUNC, 0);
      demand(opened >= 0 && c().close(opened) == 0, "open with O_TRUNC");
    } else {
      demand(c().ftruncate(descriptor, size) == 0, "ftruncate");
    }
    file.resize(number, size);
  }

  private void fallocate(int mode) {
    int descriptor = anywhere(Way.READ_WRITE);
    if (descriptor < 0) {
      return;
    }
    int offset = offset(file.capacity);
    int length = length(offset, file.capacity);
    say("fallocate mode %d %s", mode, range(offset, length));
    demand(c().fallocate(descriptor, mode, offset, length) == 0, "fallocate");
    if ((mode & SystemCalls.FALLOC_KEEP_SIZE) == 0) {
      extend(offset + length);
    }
    if ((mode & (SystemCalls.FALLOC_PUNCH_HOLE | SystemCalls.FALLOC_ZERO_RANGE)) != 0) {
      file.zero(number, offset, length);
    }
  }

  private void copy() {
    FsxFile to = file;
    FsxFile from = files.get(random.nextInt(files.size()));
    int target = anywhere(Way.READ_WRITE);
    file = from;
    int source = target < 0 ? -1 : available(Way.READ_ONLY);
    file = to;
    if (source < 0 || from.size == 0) {
      return;
    }
    int fromOffset = random.nextInt(from.size);
    int toOffset = offset(to.capacity);
    int length = Math.min(length(fromOffset, from.size), Math.min(to.capacity - toOffset, LONGEST));
    if (from == to && Math.abs(fromOffset - toOffset) < length) {
      return;
    }
    String said = String.format("copy %s of %s", range(fromOffset, length), from);
    say("%s to %s", said, range(toOffset, length));
    if (from != to) {
      from.remember("#" + number + " mount " + mount + " " + said);
    }
    askSize(source, from);
    offsets.putLong(0, fromOffset).putLong(8, toOffset);
    Pointer in = SystemCalls.pointer(offsets, 0);
    Pointer out = SystemCalls.pointer(offsets, 8);
    long copied = c().copy_file_range(source, in, target, out, length, 0);
    demand(copied > 0 && copied <= length, "copied %d bytes", copied);
    extend(toOffset);
    to.put(number, toOffset, from.data(), fromOffset, (int) copied);
  }

  private void rename() {
    if (file.name == null) {
      return;
    }
    String name = "f" + random.nextInt(NAMES);
    FsxFile replaced = named(name);
    say("rename to %s", name);
    if (replaced == file) {
      replaced = null;
    }
    if (replaced != null) {
      replaced.remember("#" + number + " mount " + mount + " replaced by " + file);
    }
    demand(c().rename(path(file.name), path(name)) == 0, "rename");
    if (replaced != null) {
      unlinked(replaced);
    }
    file.name = name;
  }

  private void unlink() {
    if (file.name == null) {
      say("close on all mounts");
      for (mount = 0; mount < directories.size(); mount++) {
        close();
      }
      files.remove(file);
      return;
    }
    say("unlink");
    demand(c().unlink(path(file.name)) == 0, "unlink");
    unlinked(file);
  }

  private void unlinked(FsxFile gone) {
    gone.name = null;
    if (!gone.isOpen()) {
      drop(gone);
    }
  }

  private void fsync() {
    int descriptor = anywhere(Way.READ_WRITE);
    if (descriptor >= 0) {
      say("fsync");
      demand(c().fsync(descriptor) == 0, "fsync");
    }
  }

  private void close() {
    Handles handles = file.handles.get(mount);
    unmap(file, mount);
    for (int n = 0; n < handles.descriptors.length; n++) {
      if (handles.descriptors[n] >= 0) {
        demand(c().close(handles.descriptors[n]) == 0, "close");
        handles.descriptors[n] = -1;
      }
    }
    if (file.name == null && !file.isOpen()) {
      files.remove(file);
    }
  }

  private void drop(FsxFile gone) {
    for (int n = 0; n < directories.size(); n++) {
      unmap(gone, n);
    }
    files.remove(gone);
  }

  private void unmap(FsxFile of, int on) {
    long[] mappings = of.handles.get(on).mappings;
    int length = (of.capacity + PAGE - 1) / PAGE * PAGE;
    for (int n = 0; n < mappings.length; n++) {
      if (mappings[n] != 0) {
        demand(c().munmap(mappings[n], length) == 0, "munmap");
        mappings[n] = 0;
      }
    }
  }

  /** Every mount tells the same of a file, and the size that it has to have. */
  private void stat() throws IOException {
    if (file.name == null) {
      return;
    }
    say("stat on all mounts");
    if (file.storedByMapping) {
      // Such a store shows in the times when its page is written back, as another node's look does.
      told();
      file.storedByMapping = false;
    }
    List<Map<String, Object>> told = told();
    for (Map<String, Object> each : told) {
      demand(each.get("size").equals((long) file.size), "the size is told as %s", each);
      demand(each.get("nlink").equals(1), "the links are told as %s", each);
      demand(each.equals(told.get(0)), "the mounts tell %s and %s", told.get(0), each);
    }
  }

  private List<Map<String, Object>> told() throws IOException {
    List<Map<String, Object>> all = new ArrayList<>();
    for (int n = 0; n < directories.size(); n++) {
      Path path = directories.get((mount + n) % directories.size()).resolve(file.name);
      all.add(Files.readAttributes(path, "unix:size,ino,nlink,mode,uid,lastModifiedTime,ctime"));
    }
    return all;
  }

  private void seek() {
    int descriptor = anywhere(Way.READ_ONLY);
    if (descriptor < 0 || file.size == 0) {
      return;
    }
    int offset = random.nextInt(file.size);
    boolean data = random.nextInt(2) == 0;
    say("seek %s from %d on", data ? "data" : "hole", offset);
    long found =
        c().lseek(descriptor, offset, data ? SystemCalls.SEEK_DATA : SystemCalls.SEEK_HOLE);
    if (found < 0) {
      demand(data && SystemCalls.errno() == SystemCalls.ENXIO, "lseek");
      found = file.size;
    }
    demand(found >= offset && found <= file.size, "found %d", found);
    if (data) {
      for (int n = offset; n < found; n++) {
        demand(file.data()[n] == 0, "there is data at %d, before %d", n, found);
      }
    } else if (found < file.size) {
      demand(file.data()[(int) found] == 0, "there is data at %d, and no hole", found);
    }
  }

  private void same(byte[] read, int offset, int length) {
    String difference = file.difference(read, 0, offset, length);
    demand(difference.isEmpty(), "%s", difference);
  }

  private static String range(int offset, int length) {
    return String.format("[%d, %d) = %d bytes", offset, offset + length, length);
  }

  private void say(String format, Object... arguments) {
    String what = String.format(format, arguments);
    file.remember("#" + number + " mount " + mount + " " + file + ": " + what);
  }

  private void demand(boolean condition, String format, Object... arguments) {
    if (!condition) {
      int errno = SystemCalls.errno();
      String what = String.format(Objects.requireNonNull(format), arguments);
      throw new Difference(report(what + " (last errno " + errno + ")"));
    }
  }

  private String report(String what) {
    return String.format(
        "operation #%d of seed %d on mount %d, file %s of %d bytes: %s%n"
            + "the last operations on it:%n  %s",
        number,
        seed,
        mount,
        file,
        file.size,
        what,
        String.join(System.lineSeparator() + "  ", file.history()));
  }
}
