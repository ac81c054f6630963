package org.jclusterfs.iscsi.wire;

import java.nio.ByteBuffer;

/**
 * The PDUs beside commands and data: NOP-Out/In (RFC 7143 sections 11.18, 11.19), Text (11.10,
 * 11.11), Logout (11.14, 11.15), Task Management (11.5, 11.6), Asynchronous Message (11.9), Reject
 * (11.17).
 *
 * <pre>
 *   1 |F|C| or reason or function   2 Response or Reason   8 LUN   16 Initiator Task Tag
 *  20 Target Transfer Tag, CID or Referenced Task Tag   24 CmdSN | StatSN
 *  28 ExpStatSN | ExpCmdSN   32 MaxCmdSN or RefCmdSN   36 AsyncEvent   37 AsyncVCode
 *  38 Parameter1   40 Parameter2 or Time2Wait   42 Parameter3 or Time2Retain
 * </pre>
 */
public final class ControlPdu {
  /** Logout reason: close the session. */
  public static final int CLOSE_SESSION = 0;

  /** Task management function: ABORT TASK. */
  public static final int ABORT_TASK = 1;

  /** Task management function: LOGICAL UNIT RESET. */
  public static final int LOGICAL_UNIT_RESET = 5;

  /** AsyncEvent: a SCSI event, sense data in the data segment. */
  public static final int ASYNC_SCSI_EVENT = 0;

  /** AsyncEvent: the target wants a logout. */
  public static final int ASYNC_LOGOUT_REQUEST = 1;

  /** AsyncEvent: the target drops, or dropped, a connection. */
  public static final int ASYNC_CONNECTION_DROPPED = 2;

  /** AsyncEvent: the target drops all connections of the session. */
  public static final int ASYNC_SESSION_DROPPED = 3;

  /** AsyncEvent: the target wants to negotiate parameters. */
  public static final int ASYNC_NEGOTIATION_REQUEST = 4;

  /** AsyncEvent: all tasks of a unit are being terminated (FastAbort). */
  public static final int ASYNC_TASKS_TERMINATED = 5;

  /** AsyncEvent: the vendor's own. */
  public static final int ASYNC_VENDOR_EVENT = 255;

  /** Reject reason: the data digest of a PDU was wrong at the target. */
  public static final int REJECT_DATA_DIGEST = 2;

  /** Reject reason: out of resources; the command may be sent again. */
  public static final int REJECT_OUT_OF_RESOURCES = 0x0a;

  private ControlPdu() {}

  /** Writes an immediate NOP-Out; {@code itt} reserved for an answer to the target's ping. */
  public static void encodeNopOut(
      ByteBuffer bhs, long lun, int itt, int ttt, int cmdSn, int expStatSn) {
    Bhs.begin(bhs, Opcode.NOP_OUT, true, Bhs.FINAL);
    bhs.putLong(8, lun).putInt(16, itt).putInt(20, ttt).putInt(24, cmdSn).putInt(28, expStatSn);
  }

  /** Writes an immediate Text Request. */
  public static void encodeTextRequest(
      ByteBuffer bhs, boolean last, int itt, int ttt, int cmdSn, int expStatSn) {
    Bhs.begin(bhs, Opcode.TEXT_REQUEST, true, last ? Bhs.FINAL : 0);
    bhs.putInt(16, itt).putInt(20, ttt).putInt(24, cmdSn).putInt(28, expStatSn);
  }

  /** Writes an immediate Logout Request for the session. */
  public static void encodeLogout(ByteBuffer bhs, int reason, int itt, int cmdSn, int expStatSn) {
    Bhs.begin(bhs, Opcode.LOGOUT_REQUEST, true, Bhs.FINAL | reason);
    bhs.putInt(16, itt).putInt(24, cmdSn).putInt(28, expStatSn);
  }

  /** Writes an immediate Task Management Function Request. */
  public static void encodeTaskManagement(
      ByteBuffer bhs,
      int function,
      long lun,
      int itt,
      int referencedTaskTag,
      int cmdSn,
      int expStatSn,
      int refCmdSn) {
    Bhs.begin(bhs, Opcode.TASK_MANAGEMENT_REQUEST, true, Bhs.FINAL | function);
    bhs.putLong(8, lun).putInt(16, itt).putInt(20, referencedTaskTag);
    bhs.putInt(24, cmdSn).putInt(28, expStatSn).putInt(32, refCmdSn);
  }

  /** Response of a Logout or Task Management Function Response, Reason of a Reject. */
  public static int response(ByteBuffer bhs) {
    return bhs.get(2) & 0xff;
  }

  /** A Reject's reason in words (RFC 7143 section 11.17.1). */
  public static String rejectReason(int reason) {
    switch (reason) {
      case REJECT_DATA_DIGEST:
        return "its data came garbled, by their digest";
      case 3:
        return "SNACK refused";
      case 4:
        return "protocol error";
      case 5:
        return "command not supported";
      case 6:
        return "too many immediate commands";
      case 7:
        return "task in progress";
      case 8:
        return "invalid data acknowledgement";
      case 9:
        return "invalid field";
      case REJECT_OUT_OF_RESOURCES:
        return "out of resources";
      case 0x0c:
        return "it waits for a logout";
      default:
        return "no reason of RFC 7143";
    }
  }

  /** The C bit of a Text Response. */
  public static boolean isContinued(ByteBuffer bhs) {
    return (bhs.get(1) & Bhs.CONTINUE) != 0;
  }

  /** AsyncEvent. */
  public static int asyncEvent(ByteBuffer bhs) {
    return bhs.get(36) & 0xff;
  }
}
