package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Two files whose places all nodes write over and over, seldom with fsync, so that each of them has
 * changes of the others' blocks in memory at any moment: one whose records share blocks, one with a
 * block per record. At last somebody stamps every place, and whoever still writes is seen.
 */
final class Stamps {

  private static final int PLACES = 64;
  private static final int WRITES_PER_SYNC = 32;
  private static final List<File> FILES =
      List.of(new File("stamps.dense", LoadRecord.LENGTH), new File("stamps.sparse", 4096));

  private record File(String name, int stride) {
    FileChannel open(Path directory) throws IOException {
      return FileChannel.open(
          directory.resolve(name),
          StandardOpenOption.CREATE,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE);
    }
  }

  private Stamps() {}

  /** Writes until it fails or is killed. */
  static void write(Path directory, String writer, long first) throws IOException {
    try (FileChannel dense = FILES.get(0).open(directory);
        FileChannel sparse = FILES.get(1).open(directory)) {
      for (long n = first; ; n++) {
        int place = (int) ((n * 37 + first) % PLACES);
        put(dense, FILES.get(0), place, new LoadRecord(writer, n));
        put(sparse, FILES.get(1), place, new LoadRecord(writer, n));
        if (n % WRITES_PER_SYNC == 0) {
          dense.force(false);
          sparse.force(false);
        }
      }
    }
  }

  /** Stamps every place with a record, durably, the places in turn by these directories' nodes. */
  static void stampAll(List<Path> directories, LoadRecord record) throws IOException {
    for (File file : FILES) {
      for (int turn = 0; turn < directories.size(); turn++) {
        try (FileChannel channel = file.open(directories.get(turn))) {
          for (int place = turn; place < PLACES; place += directories.size()) {
            put(channel, file, place, record);
          }
          channel.force(false);
        }
      }
    }
  }

  /** The first place that does not hold the record that all were stamped with, or "". */
  static String firstOther(Path directory, LoadRecord record) throws IOException {
    for (File file : FILES) {
      try (FileChannel channel = file.open(directory)) {
        for (int place = 0; place < PLACES; place++) {
          ByteBuffer found = ByteBuffer.allocate(LoadRecord.LENGTH);
          channel.read(found, (long) place * file.stride());
          if (!found.flip().equals(ByteBuffer.wrap(record.encode()))) {
            return directory.resolve(file.name())
                + ", place "
                + place
                + ": \""
                + StandardCharsets.ISO_8859_1.decode(found).toString().strip()
                + "\" instead of "
                + record;
          }
        }
      }
    }
    return "";
  }

  private static void put(FileChannel channel, File file, int place, LoadRecord record)
      throws IOException {
    channel.write(ByteBuffer.wrap(record.encode()), (long) place * file.stride());
  }
}
