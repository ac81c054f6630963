package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A large file written in large pieces from end to end, over and over, and read back each time. */
final class BulkLoad {

  private static final int PIECE = 1 << 20;
  private static final int PIECES = 128;
  private static final int PIECES_PER_SYNC = 32;

  private BulkLoad() {}

  /** Works until it fails or is killed. */
  static void write(Path directory, String writer, long first) throws IOException {
    ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
    try (FileChannel file =
        FileChannel.open(
            directory.resolve(writer + ".bulk"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      for (long round = first; ; round++) {
        for (int n = 0; n < PIECES; n++) {
          piece.clear().putLong(0, round).putLong(PIECE - Long.BYTES, n);
          file.write(piece, (long) n * PIECE);
          if (n % PIECES_PER_SYNC == 0) {
            file.force(false);
          }
        }
        for (int n = 0; n < PIECES; n++) {
          file.read(piece.clear(), (long) n * PIECE);
          if (piece.getLong(0) != round || piece.getLong(PIECE - Long.BYTES) != n) {
            throw new IOException("piece " + n + " of round " + round + " reads otherwise");
          }
        }
      }
    }
  }
}
