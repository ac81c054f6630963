package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A process that reads one file's value in every {@link Way} as fast as it may, and tells when each
 * reading that gave a value began. So it is known until when the readers of a node saw old data.
 */
final class OldDataWatch {

  /** How a value is read. */
  enum Way {
    /** By pread(2) of a file that was opened once. */
    DESCRIPTOR,
    /** By open, read and close. */
    OPEN,
    /** From its size, by stat(2). */
    STAT,
    /** From memory: a shared mapping made once. */
    MAPPING
  }

  /** Size of the file that holds value 0; each value is one byte longer. */
  private static final int SIZE = 4096;

  private static final long PACE_MILLIS = 3;

  private final Map<Way, TreeMap<Long, Long>> lastBegun = new EnumMap<>(Way.class);
  private final SideLoad load;

  /** Starts to watch the file. */
  OldDataWatch(Path file, String writer) {
    for (Way way : Way.values()) {
      lastBegun.put(way, new TreeMap<>());
    }
    load = SideLoad.start("watch", file, writer, 0, this::accept);
  }

  /** Puts a value into the file, durably. */
  static void put(Path file, long value) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(SIZE + (int) value).putLong(0, value);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(content, 0);
      channel.force(true);
    }
  }

  private synchronized void accept(String line) {
    String[] words = line.split(" ");
    if (words.length == 3) {
      lastBegun.get(Way.valueOf(words[0])).put(Long.parseLong(words[1]), Long.parseLong(words[2]));
    }
  }

  /** Whether every way has given that value. */
  synchronized boolean hasSeen(long value) {
    return lastBegun.values().stream().allMatch(seen -> seen.containsKey(value));
  }

  /**
   * When the last reading began that gave a value below this one, by {@link System#nanoTime}, which
   * all processes of a host share here; {@link Long#MIN_VALUE} where none did.
   */
  synchronized long lastBegunBelow(Way way, long value) {
    return lastBegun.get(way).headMap(value).values().stream()
        .mapToLong(begun -> begun)
        .max()
        .orElse(Long.MIN_VALUE);
  }

  /** Ends the process. */
  void end() {
    load.end(Duration.ofSeconds(5));
  }

  /** What the process does, until it is killed. */
  static void read(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    MappedByteBuffer mapping = channel.map(FileChannel.MapMode.READ_ONLY, 0, SIZE);
    for (Way way : Way.values()) {
      new Thread(() -> readOn(way, file, channel, mapping), way.name()).start();
    }
  }

  private static void readOn(Way way, Path file, FileChannel channel, MappedByteBuffer mapping) {
    while (true) {
      try {
        long begun = System.nanoTime();
        long value =
            switch (way) {
              case DESCRIPTOR -> {
                ByteBuffer content = ByteBuffer.allocate(Long.BYTES);
                channel.read(content, 0);
                yield content.getLong(0);
              }
              case OPEN -> ByteBuffer.wrap(Files.readAllBytes(file)).getLong(0);
              case STAT -> Files.size(file) - SIZE;
              case MAPPING -> mapping.getLong(0);
            };
        System.out.println(way + " " + value + " " + begun);
      } catch (IOException | InternalError e) {
        // What a stopped node's readers have to get; a mapping gets SIGBUS, which Java makes this.
      }
      Checks.pause(PACE_MILLIS);
    }
  }
}
