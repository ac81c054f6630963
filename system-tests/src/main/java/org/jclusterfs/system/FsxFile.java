package org.jclusterfs.system;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The model of a file of {@link FsxLane}: what it has to hold, which operation wrote each byte, how
 * it is open on every mount, and the last operations on it. Belongs to one thread.
 */
final class FsxFile {

  /** In how many ways a file can be open on one mount at a time. */
  enum Way {
    /** Reads and writes; the kernel passes them on. */
    READ_WRITE(SystemCalls.O_RDWR),
    /** Reads through the kernel's page cache. */
    READ_ONLY(SystemCalls.O_RDONLY),
    /** Writes at the end only. */
    APPEND(SystemCalls.O_WRONLY | SystemCalls.O_APPEND);

    final int flags;

    Way(int flags) {
      this.flags = flags;
    }
  }

  /** Descriptors and mappings of one mount; -1 and 0 where there is none. */
  static final class Handles {
    final int[] descriptors = {-1, -1, -1};
    final long[] mappings = {0, 0};

    boolean isOpen() {
      return Arrays.stream(descriptors).anyMatch(d -> d >= 0);
    }
  }

  private static final int REMEMBERED = 60;

  final int capacity;

  /** Null once it is unlinked. */
  String name;

  int size;

  /** Whether a mapping was written to since the mounts were last asked for the times. */
  boolean storedByMapping;

  final List<Handles> handles = new ArrayList<>();

  private final byte[] data;
  private final int[] writers;
  private final ArrayDeque<String> history = new ArrayDeque<>();

  FsxFile(String name, int capacity, int mounts) {
    this.name = name;
    this.capacity = capacity;
    data = new byte[capacity];
    writers = new int[capacity];
    for (int n = 0; n < mounts; n++) {
      handles.add(new Handles());
    }
  }

  void remember(String operation) {
    if (history.size() == REMEMBERED) {
      history.removeFirst();
    }
    history.addLast(operation);
  }

  List<String> history() {
    return List.copyOf(history);
  }

  /** Bytes as they have to be read; the array must not be changed. */
  byte[] data() {
    return data;
  }

  /** Puts bytes at an offset, growing the file where they end behind it. */
  void put(int operation, int offset, byte[] bytes, int from, int length) {
    System.arraycopy(bytes, from, data, offset, length);
    Arrays.fill(writers, offset, offset + length, operation);
    size = Math.max(size, offset + length);
  }

  /** Puts zeros at an offset, without growing the file. */
  void zero(int operation, int offset, int length) {
    int end = Math.min(offset + length, size);
    if (offset < end) {
      Arrays.fill(data, offset, end, (byte) 0);
      Arrays.fill(writers, offset, end, operation);
    }
  }

  void resize(int operation, int newSize) {
    int from = Math.min(size, newSize);
    int to = Math.max(size, newSize);
    Arrays.fill(data, from, to, (byte) 0);
    Arrays.fill(writers, from, to, operation);
    size = newSize;
  }

  /** The first byte of a range that is not as it has to be, told for people; or "". */
  String difference(byte[] read, int from, int offset, int length) {
    int at = Arrays.mismatch(read, from, from + length, data, offset, offset + length);
    if (at < 0) {
      return "";
    }
    int wrong = at;
    while (wrong < length && read[from + wrong] != data[offset + wrong]) {
      wrong++;
    }
    int place = offset + at;
    return String.format(
        "%d bytes from offset %d (0x%x) on differ: read %s, has to be %s as operation #%d left it",
        wrong - at,
        place,
        place,
        hex(read, from + at, from + length),
        hex(data, place, offset + length),
        writers[place]);
  }

  private static String hex(byte[] bytes, int from, int end) {
    StringBuilder text = new StringBuilder();
    for (int n = from; n < Math.min(from + 8, end); n++) {
      text.append(String.format("%02x", bytes[n]));
    }
    return text.toString();
  }

  boolean isOpen() {
    return handles.stream().anyMatch(Handles::isOpen);
  }

  @Override
  public String toString() {
    return name == null ? "(unlinked)" : name;
  }
}
