package org.jclusterfs.core.device;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Sees to it that of one host one process at a time is registered at a LUN under one initiator
 * name.
 *
 * <p>LIO keeps the right to write per initiator name (measured): a daemon that was stopped and
 * fenced could write again as soon as a new mount of its host had registered under the same name.
 * The kernel drops the lock with the process, so a killed daemon holds up nobody.
 */
final class InitiatorLock implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(InitiatorLock.class.getName());

  /** A killed process may need a moment to be gone. */
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  private static final int RETRY_MILLIS = 50;

  private final FileChannel channel;

  private InitiatorLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock, waiting some seconds for a process that is ending.
   *
   * @param directory where all processes of the host keep such locks
   * @return null where no such file can be made here, as for a user without rights
   * @throws IOException if a process that lives has it; names it and says what to do
   */
  static InitiatorLock take(Path directory, String initiator, String target, int lun)
      throws IOException {
    String nexus = initiator + " " + target + " " + lun;
    Path file =
        directory.resolve(UUID.nameUUIDFromBytes(nexus.getBytes(StandardCharsets.UTF_8)) + ".lock");
    FileChannel channel;
    try {
      Files.createDirectories(directory);
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "no lock for the initiator name, see to it that no other process here uses it: {0}",
          e.toString());
      return null;
    }
    boolean taken = false;
    try {
      long end = System.nanoTime() + PATIENCE_NANOS;
      while (!(taken = tryLock(channel))) {
        if (System.nanoTime() - end > 0) {
          throw new IOException(
              "the process "
                  + holder(channel)
                  + " of this host has "
                  + target
                  + " LUN "
                  + lun
                  + " open under the same initiator name, "
                  + initiator
                  + ", and this target takes both for one: unmount it (kill it where it is stopped),"
                  + " or give each mount on a host a name of its own (-o initiator=IQN) and let it"
                  + " in by the target's access list");
        }
        Thread.sleep(RETRY_MILLIS);
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap((ProcessHandle.current().pid() + "").getBytes(StandardCharsets.UTF_8)),
          0);
      return new InitiatorLock(channel);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      if (!taken) {
        channel.close();
      }
    }
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // another mount of this process
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer text = ByteBuffer.allocate(20);
    channel.read(text, 0);
    return new String(text.array(), 0, text.position(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot close the lock of the initiator name", e);
    }
  }
}
