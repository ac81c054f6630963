package org.jclusterfs.core.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jclusterfs.core.cluster.LockUnavailableException;
import org.jclusterfs.core.format.InodeBlock;
import org.jclusterfs.core.inode.Timestamps;
import org.jclusterfs.core.txn.Transaction;
import org.jclusterfs.dlm.LockMode;

/**
 * Access times that reads have changed and that are not in their inodes yet. A reader holds PR and
 * must not wait for more, so it leaves a note; the notes are written in the background, under EX,
 * or go along with what this node changes of the inode next. Until then this node shows them. They
 * need not be kept with the lock: a note is added to whatever the inode has become, unless that was
 * set later than the read. Thread-safe.
 */
final class AccessTimes implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AccessTimes.class.getName());

  /** O_NOATIME of open(2). */
  private static final int O_NOATIME = 01000000;

  private static final long TICK_MILLIS = 250;
  private static final long SOON_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LAZY_NANOS = AccessPolicy.QUANTUM.toNanos();
  private static final long LAST_MILLIS = 5_000;

  /** Bound on memory; what is read beyond it leaves its note with the next read. */
  private static final int MOST_NOTES = 65_536;

  private final Clock clock;
  private final Map<Long, Note> notes = new ConcurrentHashMap<>();
  private volatile AccessPolicy policy = AccessPolicy.NOATIME;
  private VolumeState volume;
  private ScheduledExecutorService worker;

  AccessTimes(Clock clock) {
    this.clock = clock;
  }

  /**
   * A read that is not in the inode yet.
   *
   * @param generation of the inode that was read
   * @param base time of access that it had
   * @param time of the read
   * @param due System.nanoTime() at which it is written
   */
  private record Note(long generation, Instant base, Instant time, long due) {

    /** Whether it is news to an inode: nobody has set the time since the read. */
    boolean appliesTo(ByteBuffer inode) {
      Instant stored = Timestamps.access(inode);
      return generation == InodeBlock.generation(inode)
          && time.isAfter(stored)
          && (stored.equals(base) || !Timestamps.change(inode).isAfter(time));
    }

    Note dueNow() {
      return new Note(generation, base, time, System.nanoTime());
    }
  }

  /** Begins to obey a policy. */
  synchronized void obey(AccessPolicy wanted, VolumeState shared) {
    volume = shared;
    policy = wanted;
    if (worker == null && wanted.update() != AccessPolicy.Update.NEVER) {
      worker =
          Executors.newSingleThreadScheduledExecutor(
              task -> {
                Thread thread = new Thread(task, "access-times");
                thread.setDaemon(true);
                return thread;
              });
      worker.scheduleWithFixedDelay(
          () -> write(System.nanoTime()), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * An inode is about to be read; the caller holds its lock.
   *
   * @param openFlags those of open(2)
   */
  void read(VolumeState shared, long number, ByteBuffer inode, int openFlags) {
    AccessPolicy now = policy;
    if (now.update() == AccessPolicy.Update.NEVER
        || (openFlags & O_NOATIME) != 0
        || (InodeBlock.flags(inode) & InodeBlock.FLAG_NOATIME) != 0
        || !now.directories() && FileTypes.isDirectory(InodeBlock.mode(inode))
        || shared.readOnly().get()) {
      return;
    }
    Instant time = clock.instant();
    Instant modify = Timestamps.modify(inode);
    Instant change = Timestamps.change(inode);
    if (now.wants(shown(number, inode), modify, change, time)
        && (notes.size() < MOST_NOTES || notes.containsKey(number))) {
      Note fresh =
          new Note(
              InodeBlock.generation(inode),
              Timestamps.access(inode),
              time,
              System.nanoTime() + (now.lazy() ? LAZY_NANOS : SOON_NANOS));
      notes.merge(
          number,
          fresh,
          (n, known) ->
              known.appliesTo(inode)
                  ? new Note(known.generation(), known.base(), time, known.due())
                  : fresh);
    }
  }

  /** The time of access that this node tells; the caller holds the inode's lock. */
  Instant shown(long number, ByteBuffer inode) {
    Note note = notes.isEmpty() ? null : notes.get(number);
    return note != null && note.appliesTo(inode) ? note.time() : Timestamps.access(inode);
  }

  /** This node changes the block of an inode that it holds EX: what was noted goes along. */
  void changing(long number, ByteBuffer inode) {
    Note note = notes.isEmpty() ? null : notes.remove(number);
    if (note != null && note.appliesTo(inode)) {
      Timestamps.access(inode, note.time());
    }
  }

  /** The inode's lock goes to another node, which cannot see what is noted here. */
  void lockGoes(long number) {
    if (!notes.isEmpty()) {
      notes.computeIfPresent(number, (n, note) -> note.dueNow());
    }
  }

  /** Writes what is noted of an inode, as fsync(2) asks for. */
  void writeNow(long number) throws IOException, LockUnavailableException {
    Note note = notes.isEmpty() ? null : notes.get(number);
    if (note != null) {
      write(number, note);
    }
  }

  /** Writes all, for some seconds at most: the volume is about to be left, or read only. */
  void writeAll() {
    ScheduledExecutorService writer;
    synchronized (this) {
      writer = worker;
    }
    if (writer == null || notes.isEmpty()) {
      return;
    }
    try {
      writer
          .submit(() -> write(System.nanoTime() + LAZY_NANOS))
          .get(LAST_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(System.Logger.Level.WARNING, "{0} access times are not written", notes.size());
    }
  }

  private void write(long dueUntil) {
    for (Map.Entry<Long, Note> entry : notes.entrySet()) {
      if (entry.getValue().due() - dueUntil <= 0) {
        try {
          write(entry.getKey(), entry.getValue());
        } catch (IOException | LockUnavailableException | RuntimeException e) {
          notes.remove(entry.getKey());
          LOG.log(
              System.Logger.Level.DEBUG,
              "the access time of inode {0} is not written: {1}",
              Long.toString(entry.getKey()),
              e);
        }
      }
    }
  }

  private void write(long number, Note note) throws IOException, LockUnavailableException {
    try {
      // Another node may have written one as good: then the lock can stay as it is.
      InodeId id = new InodeId(number, note.generation());
      if (!volume.readOnly().get() && isNews(id, note)) {
        try (HeldInode held = HeldInode.acquire(volume, id, LockMode.EX)) {
          store(held);
        }
      }
    } catch (FsException e) {
      // Removed meanwhile.
    }
    notes.remove(number, note);
  }

  private boolean isNews(InodeId id, Note note)
      throws IOException, LockUnavailableException, FsException {
    try (HeldAttributes held = HeldAttributes.acquire(volume, id)) {
      ByteBuffer inode = held.buffer();
      return note.appliesTo(inode)
          && policy.wants(
              Timestamps.access(inode),
              Timestamps.modify(inode),
              Timestamps.change(inode),
              note.time());
    }
  }

  private void store(HeldInode held) throws IOException {
    Note note = notes.get(held.number());
    if (note == null || !note.appliesTo(held.buffer())) {
      return;
    }
    try (Transaction tx = volume.transactions().begin(1)) {
      held.modify(tx); // takes the note along
      tx.complete();
    }
    // Nothing follows that the next node should wait for.
    held.inode().modified(false);
  }

  @Override
  public synchronized void close() {
    if (worker != null) {
      worker.shutdown();
    }
  }
}
