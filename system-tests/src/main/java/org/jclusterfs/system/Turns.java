package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Two processes that raise the number in a file in turn, each through a mount of its own: the one
 * when it reads an even number, the other when it reads an odd one. So each turn hands the file
 * over.
 */
final class Turns {

  /** How they keep out of each other's way. */
  enum Manner {
    /** Reading until it is their turn is enough. */
    STRICT,
    /** Each look and each write is made under an fcntl lock of the number. */
    FCNTL
  }

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** So long one waits for the other, in nanoseconds, before it takes the other for gone. */
  private static final long PATIENCE = 20_000_000_000L;

  /**
   * What two processes did.
   *
   * @param turns that both say they took
   * @param value that the file holds at last; it has to be the same
   * @param perSecond turns per second from the first to the last
   */
  record Result(long turns, long value, double perSecond) {
    boolean isRight() {
      return turns == value;
    }
  }

  private Turns() {}

  /**
   * Lets two processes take turns.
   *
   * @param mounts one of each process
   * @param name of the file, which is made
   */
  static Result measure(List<Path> mounts, String name, Manner manner, int seconds)
      throws IOException {
    Files.write(mounts.get(0).resolve(name), new byte[Long.BYTES]);
    List<List<String>> commands = new ArrayList<>();
    for (int parity = 0; parity < mounts.size(); parity++) {
      Path file = mounts.get(parity).resolve(name);
      commands.add(LoadWorker.command("turns", file, manner + "-" + parity, seconds));
    }
    long turns = 0;
    long first = Long.MAX_VALUE;
    long last = Long.MIN_VALUE;
    for (String said : Workers.runTogether(LIMIT.plusSeconds(seconds), commands)) {
      String[] words = said.strip().split(" ");
      turns += Long.parseLong(words[0]);
      first = Math.min(first, Long.parseLong(words[1]));
      last = Math.max(last, Long.parseLong(words[2]));
    }
    long value = ByteBuffer.wrap(Files.readAllBytes(mounts.get(0).resolve(name))).getLong();
    return new Result(turns, value, turns * 1e9 / (last - first));
  }

  /**
   * What one of the processes does: says how many turns it took, and the times of the first and the
   * last by {@link System#nanoTime}, which all processes of a host share here.
   *
   * @param who manner and parity, as "STRICT-0"
   */
  static void take(Path file, String who, long seconds) throws IOException {
    int dash = who.indexOf('-');
    Manner manner = Manner.valueOf(who.substring(0, dash));
    long parity = Long.parseLong(who.substring(dash + 1));
    long begun = System.nanoTime();
    long turns = 0;
    long first = 0;
    long last = 0;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      // Counted from the first turn: the other process may start later.
      for (long now = begun;
          turns == 0 ? now - begun < PATIENCE : now - first < seconds * 1_000_000_000L;
          now = System.nanoTime()) {
        if (manner == Manner.STRICT ? turn(channel, parity) : lockedTurn(channel, parity)) {
          last = System.nanoTime();
          first = turns++ == 0 ? last : first;
        }
      }
    }
    System.out.println(turns + " " + first + " " + last);
  }

  private static boolean lockedTurn(FileChannel channel, long parity) throws IOException {
    try (FileLock lock = channel.lock(0, Long.BYTES, false)) {
      return lock.isValid() && turn(channel, parity);
    }
  }

  private static boolean turn(FileChannel channel, long parity) throws IOException {
    ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
    channel.read(number, 0);
    long value = number.getLong(0);
    if (value % 2 != parity) {
      return false;
    }
    channel.write(number.clear().putLong(0, value + 1), 0);
    return true;
  }
}
