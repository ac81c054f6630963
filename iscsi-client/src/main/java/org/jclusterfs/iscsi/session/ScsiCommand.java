package org.jclusterfs.iscsi.session;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.ScsiCommandPdu;

/**
 * One SCSI command to one LUN. After it was submitted it belongs to the session until its {@link
 * Completion} is called; its data buffer is frozen that long.
 */
public final class ScsiCommand {

  /** What a command moves and what it needs. */
  public enum Kind {
    /** No data. */
    CONTROL(0, false),
    /** Data from the target. */
    READ(ScsiCommandPdu.READ, false),
    /** Parameters to the target that change no block of the medium. */
    PARAMETERS(ScsiCommandPdu.WRITE, false),
    /** Data to the target that change the medium: the write gate is asked first. */
    WRITE(ScsiCommandPdu.WRITE, true);

    final int flags;
    final boolean gated;

    Kind(int flags, boolean gated) {
      this.flags = flags;
      this.gated = gated;
    }
  }

  /** What a command does not wait for. */
  public enum Priority {
    /** The rest. */
    ORDINARY,
    /**
     * Goes before ordinary commands, by places of the target's window that those leave free. Waits
     * for a lost connection and is sent again as they are.
     */
    URGENT,
    /**
     * Urgent, and passes while a new connection is being prepared; fails with its connection
     * instead of being sent again.
     */
    PREPARATION
  }

  final byte[] cdb;
  final Kind kind;
  final long lun;
  final Completion completion;
  final ByteBuffer data;
  final int base;
  final int length;
  Priority priority = Priority.ORDINARY;
  boolean once;

  /** How long before its deadline the target is asked to abort it, in nanoseconds; 0: never. */
  long grace;

  // State of the present attempt, owned by the session's event loop.
  long deadline;
  int itt = Bhs.RESERVED_TAG;
  int cmdSn;
  int nextDataSn;
  int received;
  int solicited;
  boolean abortTried;

  /**
   * Makes a command.
   *
   * @param lun 0–16383
   * @param cdb 6–16 bytes
   * @param data from position to limit the data to send or the place to fill; null for none; its
   *     position does not change
   */
  public ScsiCommand(int lun, Kind kind, byte[] cdb, ByteBuffer data, Completion completion) {
    this(kind, cdb, data == null ? null : data.duplicate(), Bhs.encodeLun(lun), completion, 0);
  }

  private ScsiCommand(
      Kind kind, byte[] cdb, ByteBuffer data, long lun, Completion completion, long deadline) {
    this.lun = lun;
    this.kind = kind;
    this.cdb = cdb;
    this.completion = completion;
    this.data = data;
    this.base = data == null ? 0 : data.position();
    this.length = data == null ? 0 : data.remaining();
    this.deadline = deadline;
  }

  /** Sets the command's priority, before it is submitted; {@link Priority#ORDINARY} else. */
  public ScsiCommand priority(Priority next) {
    priority = next;
    return this;
  }

  /**
   * Makes the command one that is not sent again where a lost connection leaves open whether it was
   * done; it fails then. For what may not be done twice.
   */
  public ScsiCommand once() {
    once = true;
    return this;
  }

  /** Whether it is one that is not sent again. */
  public boolean isOnce() {
    return once;
  }

  /** Whether it has to fail with the connection that it was given to. */
  boolean endsWithItsConnection() {
    return isForPreparation() || once && itt != Bhs.RESERVED_TAG;
  }

  boolean isForPreparation() {
    return priority == Priority.PREPARATION;
  }

  /** The same command to submit once more; its time goes on running. */
  public ScsiCommand again() {
    ScsiCommand copy =
        new ScsiCommand(
            kind, cdb, data == null ? null : slice(0, length), lun, completion, deadline);
    copy.priority = priority;
    copy.once = once;
    copy.grace = grace;
    return copy;
  }

  /** Forgets the attempt that a lost connection ended. */
  void reset() {
    itt = Bhs.RESERVED_TAG;
    nextDataSn = 0;
    received = 0;
    solicited = 0;
    abortTried = false;
  }

  ByteBuffer slice(int offset, int bytes) {
    return data.duplicate().limit(base + offset + bytes).position(base + offset);
  }
}
