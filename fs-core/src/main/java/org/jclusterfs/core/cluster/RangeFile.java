package org.jclusterfs.core.cluster;

import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.core.cluster.RangeLocks.Range;
import org.jclusterfs.dlm.LockMode;
import org.jclusterfs.dlm.LockName;
import org.jclusterfs.dlm.LockRange;

/**
 * The byte ranges of one file as this node knows them: what its own processes hold and wait for,
 * and by which locks of the lock manager that is known to the others. The monitor guards all
 * fields.
 *
 * <pre>
 *   NONE      nothing is held
 *   ASKING    the whole is being asked for
 *   OWNED     the whole is held EX: only this node's processes have ranges, granted without a message
 *   HANDOVER  another node asked: every range is being registered with the lock manager
 *   SHARED    each range is a lock of the lock manager; the whole is not held
 * </pre>
 */
final class RangeFile {

  enum State {
    NONE,
    ASKING,
    OWNED,
    HANDOVER,
    SHARED
  }

  /** A process's part of the file as the lock manager knows it. */
  static final class Registered {
    final long owner;
    final LockRange range;
    final LockMode mode;
    long id;

    /** The lock manager granted it; guarded by the engine's mutex, as is the next. */
    boolean granted;

    /** To be released when it is granted. */
    boolean dropped;

    Registered(long owner, LockRange range, LockMode mode) {
      this.owner = owner;
      this.range = range;
      this.mode = mode;
    }
  }

  final LockName name;
  final PosixRangeTable table = new PosixRangeTable();

  /** Those that wait for a process of this node, in order. */
  final List<Range> waits = new ArrayList<>();

  /** Those that the lock manager is being asked for. */
  final List<Range> asked = new ArrayList<>();

  final List<Registered> registered = new ArrayList<>();
  State state = State.NONE;
  long wholeId;
  boolean wholeWanted;

  /** Calls that use this object; it is forgotten at 0 when nothing is held. */
  int calls;

  boolean dead;

  RangeFile(LockName name) {
    this.name = name;
  }

  /** Owners of this node that a range must wait for; empty if it need not. */
  List<Long> inTheWay(Range wanted) {
    List<Long> owners = new ArrayList<>();
    for (Range held : table.ranges()) {
      if (PosixRangeTable.conflicts(held, wanted)) {
        owners.add(held.owner());
      }
    }
    for (Range other : asked) {
      if (PosixRangeTable.conflicts(other, wanted)) {
        owners.add(other.owner());
      }
    }
    return owners;
  }

  /** Owners of this node that wait for a part of a range since earlier and so go first. */
  List<Long> earlier(Range wanted) {
    List<Long> owners = new ArrayList<>();
    // They may wait for what this owner holds.
    if (!table.hasOwner(wanted.owner())) {
      for (Range other : waits) {
        if (other == wanted) {
          break;
        }
        if (PosixRangeTable.conflicts(other, wanted)) {
          owners.add(other.owner());
        }
      }
    }
    return owners;
  }

  boolean settled() {
    return state != State.ASKING && state != State.HANDOVER;
  }

  /** What remains of a registration without a part of the file. */
  static List<LockRange> without(LockRange whole, long start, long end) {
    List<LockRange> rest = new ArrayList<>();
    if (Long.compareUnsigned(whole.start(), start) < 0) {
      rest.add(new LockRange(whole.start(), start - 1));
    }
    if (Long.compareUnsigned(whole.end(), end) > 0) {
      rest.add(new LockRange(end + 1, whole.end()));
    }
    return rest;
  }

  static LockMode modeOf(Range range) {
    return range.exclusive() ? LockMode.EX : LockMode.PR;
  }
}
