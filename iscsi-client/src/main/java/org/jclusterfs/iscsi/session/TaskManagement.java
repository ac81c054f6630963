package org.jclusterfs.iscsi.session;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.ControlPdu;

/**
 * Ends commands whose time is about to run out, without hurting the rest of the session (RFC 7143
 * section 11.5): ABORT TASK, then, only where the owner said that nobody else uses the unit,
 * LOGICAL UNIT RESET. What neither ends is ended with its session, at its deadline.
 *
 * <pre>
 *  IDLE       a command's grace begins                    ABORTING
 *  ABORTING   complete, or no such task                   IDLE (the command has timed out)
 *  ABORTING   its answer comes                            IDLE (it ended as usual)
 *  ABORTING   refused                                     RESETTING where allowed, else IDLE
 *  ABORTING   half of the grace is over, reset allowed    RESETTING
 *  RESETTING  complete                                    IDLE (it timed out, the unit's others
 *                                                         are TASK ABORTED)
 *  RESETTING  refused                                     IDLE
 * </pre>
 *
 * <p>One function is outstanding at a time: a target need not take more immediate ones. While one
 * is, R2Ts of the task are answered on and on (RFC 7143 section 4.2.3.3); LIO hangs for good where
 * they are not. A stream is in order, so data that an R2T fetched lie before the function.
 */
final class TaskManagement {

  private static final int COMPLETE = 0;
  private static final int NO_SUCH_TASK = 1;

  private enum State {
    IDLE,
    ABORTING,
    RESETTING
  }

  private final FullFeaturePhase phase;
  private State state = State.IDLE;
  private ScsiCommand command;
  private int commandItt;
  private int tag = Bhs.RESERVED_TAG;
  private int resetCmdSn;

  TaskManagement(FullFeaturePhase phase) {
    this.phase = phase;
  }

  /** Looks whether a command's grace has begun, and whether an abort waits too long. */
  void tick(CommandTable inFlight, long now, boolean mayReset) {
    if (state != State.IDLE && inFlight.find(commandItt) != command) {
      state = State.IDLE; // its answer came first
    }
    if (state == State.ABORTING && mayReset && command.deadline - command.grace / 2 - now <= 0) {
      next(true);
    }
    if (state == State.IDLE) {
      ScsiCommand due = inFlight.firstInGrace(now);
      if (due != null) {
        command = due;
        commandItt = due.itt;
        due.abortTried = true;
        state = State.ABORTING;
        tag = phase.sendTaskManagement(ControlPdu.ABORT_TASK, due.lun, due.itt, due.cmdSn);
        IscsiSession.LOG.log(
            System.Logger.Level.WARNING,
            "a command was not answered for long, it is aborted: CDB 0x{0}",
            Integer.toHexString(due.cdb[0] & 0xff));
      }
    }
  }

  /** Whether a tag is that of the function that is outstanding. */
  boolean isAwaited(int itt) {
    return state != State.IDLE && itt == tag;
  }

  /** A Task Management Function Response came. */
  void answered(CommandTable inFlight, ByteBuffer bhs, boolean mayReset) {
    if (!isAwaited(Bhs.initiatorTaskTag(bhs))) {
      return; // a late one, of a function that was given up
    }
    int response = ControlPdu.response(bhs);
    boolean there = inFlight.find(commandItt) == command;
    if (state == State.RESETTING) {
      state = State.IDLE;
      if (response == COMPLETE) {
        phase.unitWasReset(command.lun, resetCmdSn, command);
      }
    } else if (response == COMPLETE || response == NO_SUCH_TASK) {
      state = State.IDLE;
      if (there) {
        phase.end(
            command,
            new CommandTimeoutException(
                "the target did not answer a command within its time, and aborted it when asked"));
      }
    } else {
      next(mayReset && there);
    }
  }

  /** The target rejected the function's PDU. */
  void rejected(boolean mayReset) {
    if (state == State.ABORTING) {
      next(mayReset);
    } else {
      state = State.IDLE;
    }
  }

  private void next(boolean mayReset) {
    if (!mayReset) {
      state = State.IDLE;
      return;
    }
    state = State.RESETTING;
    resetCmdSn = phase.nextCmdSn();
    tag = phase.sendTaskManagement(ControlPdu.LOGICAL_UNIT_RESET, command.lun, Bhs.RESERVED_TAG, 0);
  }
}
