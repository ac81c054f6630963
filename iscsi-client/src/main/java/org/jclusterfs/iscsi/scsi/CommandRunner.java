package org.jclusterfs.iscsi.scsi;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ReservationConflictException;
import org.jclusterfs.iscsi.ScsiException;
import org.jclusterfs.iscsi.session.Completion;
import org.jclusterfs.iscsi.session.ScsiCommand;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.jclusterfs.iscsi.session.ScsiResponse;

/**
 * Runs one command until it succeeds or fails for good. Sent again: unit attentions (a preempted
 * node's next write then meets RESERVATION CONFLICT, which is the proof), BUSY, TASK SET FULL, TASK
 * ABORTED, ABORTED COMMAND, a unit that becomes ready; all within the command's time. Never sent
 * again: RESERVATION CONFLICT.
 */
abstract class CommandRunner implements Completion {

  private static final System.Logger LOG = System.getLogger("org.jclusterfs.iscsi");
  private static final int MAX_ATTENTIONS = 16;
  private static final int MAX_ABORTS = 8;
  private static final int MAX_DELAY_MILLIS = 1000;

  private final Lun lun;
  private ScsiCommand command;
  private byte[] cdb;
  private int attentions;
  private int aborts;
  private int delay = 5;

  CommandRunner(Lun lun) {
    this.lun = lun;
  }

  final void start(ScsiCommand.Kind kind, byte[] bytes, ByteBuffer data, Priority priority) {
    start(bytes, new ScsiCommand(lun.number(), kind, bytes, data, this).priority(priority));
  }

  /** As the other, for a command that must not be done twice. */
  final void startOnce(ScsiCommand.Kind kind, byte[] bytes, ByteBuffer data) {
    start(bytes, new ScsiCommand(lun.number(), kind, bytes, data, this).once());
  }

  private void start(byte[] bytes, ScsiCommand next) {
    cdb = bytes;
    command = next;
    lun.session().submit(command);
  }

  /** The command ended with GOOD. */
  abstract void succeeded(ScsiResponse response);

  @Override
  public final void completed(ScsiResponse response) {
    if (response.status() == ScsiResponse.GOOD) {
      succeeded(response);
      return;
    }
    switch (response.status()) {
      case ScsiResponse.CHECK_CONDITION:
        checkCondition(response);
        break;
      case ScsiResponse.BUSY:
      case ScsiResponse.TASK_SET_FULL:
        later();
        break;
      case ScsiResponse.TASK_ABORTED:
        if (mayTryAfterAbort()) {
          later();
        } else if (command.isOnce()) {
          fail(response, "TASK ABORTED, done or not", new SenseData(0, 0, 0));
        } else {
          fail(response, "TASK ABORTED again and again", new SenseData(0, 0, 0));
        }
        break;
      case ScsiResponse.RESERVATION_CONFLICT:
        failed(
            new ReservationConflictException(
                describe() + ": RESERVATION CONFLICT, other nodes hold the LUN reserved"));
        break;
      default:
        fail(response, String.format("status 0x%02x", response.status()), new SenseData(0, 0, 0));
    }
  }

  private void checkCondition(ScsiResponse response) {
    SenseData sense = SenseData.parse(response.sense());
    if (sense.key() == SenseData.RECOVERED_ERROR) {
      succeeded(response);
    } else if (sense.key() == SenseData.UNIT_ATTENTION && ++attentions <= MAX_ATTENTIONS) {
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", describe(), sense);
      if (sense.isPreempted()) {
        lun.preempted();
      } else if (sense.isCapacityChanged()) {
        lun.capacityChanged();
      }
      again(0);
    } else if (sense.key() == SenseData.NOT_READY && sense.asc() == 4 && sense.ascq() == 1) {
      later();
    } else if (sense.key() == SenseData.ABORTED_COMMAND && mayTryAfterAbort()) {
      later();
    } else {
      fail(response, sense.toString(), sense);
    }
  }

  private boolean mayTryAfterAbort() {
    return !command.isOnce() && ++aborts <= MAX_ABORTS;
  }

  private void later() {
    again(delay);
    delay = Math.min(MAX_DELAY_MILLIS, delay * 2);
  }

  private void again(int millis) {
    command = command.again();
    lun.session().submitLater(command, millis);
  }

  private void fail(ScsiResponse response, String why, SenseData sense) {
    failed(
        new ScsiException(
            describe() + ": " + why, response.status(), sense.key(), sense.asc(), sense.ascq()));
  }

  private String describe() {
    return Cdb.name(cdb) + " on LUN " + lun.number() + " of " + lun.session().where();
  }

  /** The command failed for good. */
  @Override
  public abstract void failed(IscsiException cause);
}
