package org.jclusterfs.core.device;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * One open file of this process, shared by every device over it.
 *
 * <p>A process loses all its POSIX locks on a file when it closes any descriptor of it, so there is
 * only one descriptor per file, and it stays open until the last user is gone. Thread-safe.
 */
final class SharedFile {

  // Beyond any content; fcntl locks may lie there.
  private static final long LOCK_BASE = 1L << 62;

  private static final Map<Object, SharedFile> OPEN = new HashMap<>();

  private final Object key;
  private final Map<Integer, FileLock> locks = new HashMap<>();
  private FileChannel channel;
  private int users;

  private SharedFile(Object key) {
    this.key = key;
  }

  static SharedFile open(Path path) throws IOException {
    Object key = Files.getAttribute(path, "unix:dev") + ":" + Files.getAttribute(path, "unix:ino");
    synchronized (OPEN) {
      SharedFile file = OPEN.get(key);
      if (file == null) {
        file = new SharedFile(key);
        file.channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        OPEN.put(key, file);
      }
      file.users++;
      return file;
    }
  }

  FileChannel channel() {
    return channel;
  }

  /** Takes the exclusive lock of a number, false where another process or device has it. */
  synchronized boolean lock(int number) throws IOException {
    if (locks.containsKey(number)) {
      return false;
    }
    FileLock lock;
    try {
      lock = channel.tryLock(LOCK_BASE + number, 1, false);
    } catch (OverlappingFileLockException e) {
      return false;
    }
    if (lock == null) {
      return false;
    }
    locks.put(number, lock);
    return true;
  }

  synchronized void unlock(int number) throws IOException {
    FileLock lock = locks.remove(number);
    if (lock != null) {
      lock.release();
    }
  }

  void release() throws IOException {
    synchronized (OPEN) {
      if (--users > 0) {
        return;
      }
      OPEN.remove(key);
      channel.close();
    }
  }
}
