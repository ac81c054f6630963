package org.jclusterfs.dlm.membership;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jclusterfs.dlm.Member;

/**
 * What the heartbeats on the disk tell, judged by change and this node's clock only.
 *
 * <p>A beat first seen by a scan was submitted before that scan ended; a scan that still sees it
 * was begun later. If at least T lies between these two, its writer has not completed a beat for T,
 * and has stopped by itself long ago, at 2T/3.
 */
final class DiskWatch {

  /** What is known of one incarnation. */
  private static final class Entry {
    Heartbeat last;
    long seenAt;
    boolean beating;
    boolean present;
  }

  /** Judgement of an incarnation. */
  enum Pulse {
    /** Its beat has changed, not longer than T ago. */
    ALIVE,
    /** Seen for less than T, without a change so far. */
    UNDECIDED,
    /** Unchanged, or gone from the disk, for T. */
    DEAD
  }

  private final long threshold;
  private Map<Member, Entry> entries = new TreeMap<>();
  private long lastScanStart;
  private boolean scanned;
  private long highestView;

  DiskWatch(long threshold) {
    this.threshold = threshold;
  }

  /**
   * Takes a scan.
   *
   * @param expected members whose absence from the disk is to be timed
   */
  void scan(
      long startedAt, long endedAt, Collection<Heartbeat> claimed, Collection<Member> expected) {
    Map<Member, Entry> next = new TreeMap<>();
    for (Heartbeat heartbeat : claimed) {
      Member member = new Member(heartbeat.slot(), heartbeat.incarnation());
      Entry entry = entries.get(member);
      if (entry == null) {
        entry = new Entry();
        entry.seenAt = endedAt;
      } else if (entry.last == null || entry.last.sequence() != heartbeat.sequence()) {
        entry.seenAt = endedAt;
        entry.beating = true;
      }
      entry.last = heartbeat;
      entry.present = true;
      highestView = Math.max(highestView, heartbeat.view());
      next.put(member, entry);
    }
    for (Member member : expected) {
      if (!next.containsKey(member)) {
        Entry entry = entries.get(member);
        if (entry == null) {
          entry = new Entry();
          entry.seenAt = endedAt;
        }
        entry.present = false;
        next.put(member, entry);
      }
    }
    entries = next;
    lastScanStart = startedAt;
    scanned = true;
  }

  boolean hasScanned() {
    return scanned;
  }

  long lastScanStart() {
    return lastScanStart;
  }

  Pulse pulse(Member member) {
    Entry entry = entries.get(member);
    if (entry == null) {
      return Pulse.UNDECIDED;
    }
    if (lastScanStart - entry.seenAt >= threshold) {
      return Pulse.DEAD;
    }
    return entry.beating ? Pulse.ALIVE : Pulse.UNDECIDED;
  }

  /** Whether a beat of the incarnation was new to a scan not longer before the last one. */
  boolean hasBeatenWithin(Member member, long nanos) {
    Entry entry = entries.get(member);
    return entry != null && entry.beating && lastScanStart - entry.seenAt < nanos;
  }

  /** Whether the last scan saw the incarnation's claim. */
  boolean isPresent(Member member) {
    Entry entry = entries.get(member);
    return entry != null && entry.present;
  }

  /** The last heartbeat of an incarnation, or null. */
  Heartbeat last(Member member) {
    Entry entry = entries.get(member);
    return entry == null ? null : entry.last;
  }

  /** All incarnations that the last scan saw claimed or missed, by slot. */
  Set<Member> members() {
    return entries.keySet();
  }

  long highestView() {
    return highestView;
  }

  void noteView(long view) {
    highestView = Math.max(highestView, view);
  }

  /** For tests and messages. */
  @Override
  public String toString() {
    Map<Member, Pulse> pulses = new HashMap<>();
    List.copyOf(entries.keySet()).forEach(member -> pulses.put(member, pulse(member)));
    return pulses.toString();
  }
}
