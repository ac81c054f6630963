package org.jclusterfs.journal.testing;

import java.util.ArrayList;
import java.util.List;

/**
 * Everything that changed a disk during a run, in order, with marks of what the run knew at which
 * point. {@link PowerCuts} makes every state from it that a power cut could have left. Thread-safe
 * while it is recorded.
 */
public final class DiskRecording {

  /** Kind of an event. */
  public enum Kind {
    /** A write into the cache. */
    WRITE,
    /** A write that was durable when it was acknowledged. */
    DURABLE_WRITE,
    /** A flush of the whole disk. */
    FLUSH,
    /** A mark of the run. */
    MARK
  }

  /**
   * One event.
   *
   * @param kind what it was
   * @param block first block of a write
   * @param contents of the blocks of a write
   * @param mark the mark, else null
   */
  public record Event(Kind kind, long block, List<byte[]> contents, Object mark) {}

  private final DiskImage start;
  private final List<Event> events = new ArrayList<>();

  /** An empty recording of a disk that has this durable content and nothing volatile. */
  public DiskRecording(DiskImage start) {
    this.start = start;
  }

  /** The run notes something that it knows from here on. */
  public synchronized void mark(Object mark) {
    events.add(new Event(Kind.MARK, 0, List.of(), mark));
  }

  synchronized void wrote(boolean durable, long block, List<byte[]> contents) {
    events.add(new Event(durable ? Kind.DURABLE_WRITE : Kind.WRITE, block, contents, null));
  }

  synchronized void flushed() {
    events.add(new Event(Kind.FLUSH, 0, List.of(), null));
  }

  /** The disk before the first event. */
  public DiskImage start() {
    return start;
  }

  /** The events so far. */
  public synchronized List<Event> events() {
    return List.copyOf(events);
  }

  /** Writes and flushes so far: the boundaries at which the power can be cut. */
  public synchronized long boundaries() {
    return events.stream().filter(event -> event.kind() != Kind.MARK).count();
  }
}
