package org.jclusterfs.iscsi.session;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.WriteGateClosedException;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.ControlPdu;
import org.jclusterfs.iscsi.wire.DataPdu;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.PduReceiver;
import org.jclusterfs.iscsi.wire.PduSink;
import org.jclusterfs.iscsi.wire.ScsiCommandPdu;
import org.jclusterfs.iscsi.wire.ScsiResponsePdu;
import org.jclusterfs.iscsi.wire.TextParameters;

/**
 * The Full Feature Phase of one connection (RFC 7143 sections 4.2 and 11) at ErrorRecoveryLevel 0:
 * the command window, StatSN, data in both directions, pings. A function of commands, PDUs and
 * ticks; PDUs leave by a {@link PduSink}. Any violation by the target ends the connection. Used by
 * one thread, its event loop.
 */
final class FullFeaturePhase implements PduReceiver {

  /** Tags of what is not a SCSI command have this bit, which {@link CommandTable} never sets. */
  private static final int CONTROL_TAG = 0x8000_0000;

  /** A target that waits for its StatSN to be acknowledged (PREEMPT AND ABORT) waits this long. */
  private static final long ACKNOWLEDGE_AFTER = 1_000_000_000L;

  /** Places of the target's window that ordinary commands leave free, where it is wide enough. */
  private static final int RESERVED_PLACES = 4;

  private static final int WIDE_WINDOW = 16;

  /** Data of commands in flight at most, in bytes: what an urgent command may queue behind. */
  private static final long MAX_BYTES_IN_FLIGHT = 16 << 20;

  /** Answers to pings that may lie in a full socket before the target is given up. */
  private static final int MAX_UNSENT_ANSWERS = 16;

  private final NegotiatedParameters agreed;
  private final PduSink sink;
  private final SessionOwner owner;
  private final int queueDepth;
  private final long pingInterval;
  private final CommandTable inFlight = new CommandTable();
  private final ArrayDeque<ScsiCommand> urgent = new ArrayDeque<>();
  private final ArrayDeque<ScsiCommand> pending = new ArrayDeque<>();
  private final ByteBuffer out = Bhs.allocate();
  private final TaskManagement taskManagement = new TaskManagement(this);
  private int cmdSn;
  private int maxCmdSn;
  private int reserved;
  private long bytesInFlight;
  private int expStatSn;
  private int acknowledgedStatSn;
  private int controlTags;
  private int pingTag = Bhs.RESERVED_TAG;
  private long pingSent;
  private long lastReceived;
  private long now;
  private int unsentAnswers;
  private boolean loggingOut;
  private boolean failed;
  private boolean silent;

  FullFeaturePhase(
      NegotiatedParameters agreed,
      PduSink sink,
      SessionOwner owner,
      int queueDepth,
      long pingIntervalNanos,
      long now) {
    this.agreed = agreed;
    this.sink = sink;
    this.owner = owner;
    this.queueDepth = queueDepth;
    this.pingInterval = pingIntervalNanos;
    this.now = now;
    lastReceived = now;
    cmdSn = agreed.cmdSn();
    maxCmdSn = agreed.maxCmdSn();
    reservePlaces(maxCmdSn - cmdSn + 1);
    expStatSn = agreed.expStatSn();
    acknowledgedStatSn = expStatSn;
  }

  boolean isFailed() {
    return failed;
  }

  /** Whether it failed because nothing comes through any more. */
  boolean fellSilent() {
    return silent;
  }

  /** Whether commands wait for an answer, or to be sent. */
  boolean isWaiting() {
    return inFlight.size() > 0 || !urgent.isEmpty() || !pending.isEmpty();
  }

  NegotiatedParameters agreed() {
    return agreed;
  }

  /** Queues a command; {@link #pump} sends it. */
  void submit(ScsiCommand command) {
    (command.priority == ScsiCommand.Priority.ORDINARY ? pending : urgent).addLast(command);
  }

  /**
   * Sends what the target's window, the depth and the socket allow, urgent commands first, and
   * flushes.
   */
  void pump() {
    while (!failed && !loggingOut) {
      ScsiCommand next = mayPass();
      if (next == null) {
        break;
      }
      if (next.kind.gated && !owner.mayWrite()) {
        fail(next, gateClosed());
      } else {
        send(next);
      }
    }
    sink.flush();
  }

  /** Removes and returns the next command that may be sent now, or null. */
  private ScsiCommand mayPass() {
    int places = maxCmdSn - cmdSn + 1;
    if (places <= 0 || inFlight.isFull()) {
      return null;
    }
    if (!urgent.isEmpty()) {
      return urgent.removeFirst();
    }
    ScsiCommand next = pending.peekFirst();
    if (next == null || !sink.isWritable()) {
      return null;
    }
    // A target may narrow its window for good, so one ordinary command always finds its way.
    boolean alone = inFlight.size() == 0;
    if (!alone
        && (places <= reserved
            || inFlight.size() >= queueDepth
            || bytesInFlight + next.length > MAX_BYTES_IN_FLIGHT)) {
      return null;
    }
    return pending.removeFirst();
  }

  private void reservePlaces(int window) {
    int wanted = window >= WIDE_WINDOW ? RESERVED_PLACES : window > 1 ? 1 : 0;
    reserved = Math.max(reserved, wanted);
  }

  /** Ends the phase: the commands that were in flight, in their order, then those that waited. */
  List<ScsiCommand> abandon() {
    failed = true;
    List<ScsiCommand> all = new ArrayList<>(inFlight.removeAll());
    bytesInFlight = 0;
    all.addAll(urgent);
    urgent.clear();
    all.addAll(pending);
    pending.clear();
    return all;
  }

  /** Looks at deadlines and silence; called a few times per second. */
  void tick(long time) {
    now = time;
    if (failed) {
      return;
    }
    urgent.removeIf(this::endExpired);
    pending.removeIf(this::endExpired);
    taskManagement.tick(inFlight, now, owner.mayResetUnits());
    if (inFlight.hasExpired(now)) {
      failed(new ConnectionLostException("a command was not answered within its time"));
    } else if (pingTag != Bhs.RESERVED_TAG) {
      if (now - pingSent >= pingInterval) {
        silent = true;
        failed(new ConnectionLostException("the target does not answer a NOP-Out"));
      }
    } else if (now - lastReceived >= pingInterval
        || expStatSn != acknowledgedStatSn && now - lastReceived >= ACKNOWLEDGE_AFTER) {
      pingTag = nextControlTag();
      pingSent = now;
      sendNopOut(0, pingTag, Bhs.RESERVED_TAG);
    }
    sink.flush();
  }

  private boolean endExpired(ScsiCommand command) {
    boolean expired = command.deadline - now <= 0;
    if (expired) {
      fail(command, new CommandTimeoutException("the target's window stayed closed"));
    }
    return expired;
  }

  /** Sends a Logout Request that closes the session. */
  void logout() {
    loggingOut = true;
    ControlPdu.encodeLogout(out, ControlPdu.CLOSE_SESSION, nextControlTag(), cmdSn, acknowledge());
    sink.send(out, null);
    sink.flush();
  }

  /** Sends a Text Request, or the empty one that fetches the rest of a long answer. */
  void sendText(List<TextParameters.Pair> pairs, int targetTransferTag) {
    ControlPdu.encodeTextRequest(
        out, true, nextControlTag(), targetTransferTag, cmdSn, acknowledge());
    sink.send(out, TextParameters.encode(pairs));
    sink.flush();
  }

  int nextCmdSn() {
    return cmdSn;
  }

  /** Sends an immediate Task Management Function Request; returns its task tag. */
  int sendTaskManagement(int function, long lun, int referencedTag, int refCmdSn) {
    int tag = nextControlTag();
    ControlPdu.encodeTaskManagement(
        out, function, lun, tag, referencedTag, cmdSn, acknowledge(), refCmdSn);
    sink.send(out, null);
    return tag;
  }

  /** A command in flight ends without an answer. */
  void end(ScsiCommand command, IscsiException cause) {
    remove(command);
    fail(command, cause);
  }

  /** LOGICAL UNIT RESET ended what was sent to a unit before {@code resetCmdSn}. */
  void unitWasReset(long lun, int resetCmdSn, ScsiCommand timedOut) {
    for (ScsiCommand each : inFlight.all()) {
      if (each == timedOut) {
        end(each, new CommandTimeoutException("the unit did not answer a command, and was reset"));
      } else if (each.lun == lun && each.cmdSn - resetCmdSn < 0) {
        remove(each);
        tell(each, new ScsiResponse(ScsiResponse.TASK_ABORTED, ScsiResponse.NO_SENSE, 0));
      }
    }
  }

  private void send(ScsiCommand command) {
    command.reset();
    inFlight.add(command);
    bytesInFlight += command.length;
    command.cmdSn = cmdSn++;
    boolean write = (command.kind.flags & ScsiCommandPdu.WRITE) != 0;
    int unsolicited = write ? Math.min(command.length, agreed.firstBurstLength()) : 0;
    int immediate =
        agreed.immediateData() ? Math.min(unsolicited, agreed.maxSendDataSegmentLength()) : 0;
    boolean more = !agreed.initialR2T() && unsolicited > immediate;
    ScsiCommandPdu.encode(
        out,
        command.kind.flags | (more ? 0 : Bhs.FINAL),
        command.lun,
        command.itt,
        command.length,
        command.cmdSn,
        acknowledge(),
        command.cdb);
    sink.send(out, immediate > 0 ? command.slice(0, immediate) : null);
    command.solicited = more ? unsolicited : immediate;
    if (more) {
      sendData(command, Bhs.RESERVED_TAG, command.lun, immediate, unsolicited - immediate);
    }
  }

  private void sendData(ScsiCommand command, int ttt, long lun, int offset, int length) {
    int end = offset + length;
    for (int at = offset, dataSn = 0; at < end; dataSn++) {
      int bytes = Math.min(end - at, agreed.maxSendDataSegmentLength());
      DataPdu.encodeOut(out, at + bytes == end, lun, command.itt, ttt, acknowledge(), dataSn, at);
      sink.send(out, command.slice(at, bytes));
      at += bytes;
    }
  }

  private void sendNopOut(long lun, int itt, int ttt) {
    ControlPdu.encodeNopOut(out, lun, itt, ttt, cmdSn, acknowledge());
    sink.send(out, null);
  }

  private int acknowledge() {
    acknowledgedStatSn = expStatSn;
    return expStatSn;
  }

  private int nextControlTag() {
    controlTags = controlTags + 1 & 0xff_ffff;
    return CONTROL_TAG | controlTags;
  }

  @Override
  public ByteBuffer destination(ByteBuffer bhs) throws IscsiException {
    if (Bhs.opcode(bhs) != Opcode.DATA_IN) {
      return null;
    }
    ScsiCommand command = inFlight.get(Bhs.initiatorTaskTag(bhs));
    long offset = DataPdu.bufferOffset(bhs);
    int length = Bhs.dataSegmentLength(bhs);
    if (command.kind != ScsiCommand.Kind.READ || offset + length > command.length) {
      throw new ProtocolException(
          "the target sent data beyond what a command asked for ("
              + offset
              + " + "
              + length
              + " of "
              + command.length
              + " bytes)");
    }
    return command.slice((int) offset, length);
  }

  @Override
  public void received(ByteBuffer bhs, ByteBuffer data) throws IscsiException {
    if (failed) {
      return;
    }
    lastReceived = now;
    int opcode = Bhs.opcode(bhs);
    updateWindow(bhs);
    if (opcode == Opcode.SCSI_RESPONSE
        || opcode == Opcode.DATA_IN && DataPdu.hasStatus(bhs)
        || opcode == Opcode.NOP_IN && Bhs.initiatorTaskTag(bhs) != Bhs.RESERVED_TAG
        || opcode == Opcode.TEXT_RESPONSE
        || opcode == Opcode.LOGOUT_RESPONSE
        || opcode == Opcode.TASK_MANAGEMENT_RESPONSE
        || opcode == Opcode.ASYNC_MESSAGE
        || opcode == Opcode.REJECT) {
      takeStatSn(Bhs.statSn(bhs));
    }
    dispatch(opcode, bhs, data);
  }

  private void dispatch(int opcode, ByteBuffer bhs, ByteBuffer data) throws IscsiException {
    switch (opcode) {
      case Opcode.DATA_IN:
        onDataIn(bhs);
        break;
      case Opcode.SCSI_RESPONSE:
        onScsiResponse(bhs, data);
        break;
      case Opcode.R2T:
        onReadyToTransfer(bhs);
        break;
      case Opcode.NOP_IN:
        onNopIn(bhs);
        break;
      case Opcode.TEXT_RESPONSE:
        owner.textReceived(
            this,
            data == null ? ByteBuffer.allocate(0) : data,
            Bhs.isFinal(bhs) && !ControlPdu.isContinued(bhs),
            Bhs.targetTransferTag(bhs));
        break;
      case Opcode.LOGOUT_RESPONSE:
        owner.loggedOut(this);
        break;
      case Opcode.TASK_MANAGEMENT_RESPONSE:
        taskManagement.answered(inFlight, bhs, owner.mayResetUnits());
        break;
      case Opcode.ASYNC_MESSAGE:
        onAsyncMessage(bhs);
        break;
      case Opcode.REJECT:
        onReject(bhs, data);
        break;
      default:
        throw new ProtocolException(
            "the target sent opcode 0x" + Integer.toHexString(opcode) + ", which nobody asked for");
    }
  }

  private void updateWindow(ByteBuffer bhs) {
    int max = Bhs.maxCmdSn(bhs);
    // RFC 7143 section 4.2.2.1: a pair whose MaxCmdSN lies before ExpCmdSN-1 is ignored
    if (max - (Bhs.expCmdSn(bhs) - 1) >= 0 && max - maxCmdSn > 0) {
      maxCmdSn = max;
      reservePlaces(max - Bhs.expCmdSn(bhs) + 1);
    }
  }

  private void remove(ScsiCommand command) {
    inFlight.remove(command);
    bytesInFlight -= command.length;
  }

  private void takeStatSn(int statSn) throws ProtocolException {
    if (statSn != expStatSn) {
      throw new ProtocolException(
          "the target sent StatSN "
              + Integer.toUnsignedString(statSn)
              + " instead of "
              + Integer.toUnsignedString(expStatSn));
    }
    expStatSn++;
  }

  private void onDataIn(ByteBuffer bhs) throws IscsiException {
    ScsiCommand command = inFlight.get(Bhs.initiatorTaskTag(bhs));
    if (DataPdu.dataSn(bhs) != command.nextDataSn) {
      throw new ProtocolException("a Data-In PDU of the target is missing");
    }
    command.nextDataSn++;
    command.received += Bhs.dataSegmentLength(bhs);
    if (DataPdu.hasStatus(bhs)) {
      complete(command, bhs, ScsiResponse.NO_SENSE);
    }
  }

  private void onScsiResponse(ByteBuffer bhs, ByteBuffer data) throws IscsiException {
    ScsiCommand command = inFlight.get(Bhs.initiatorTaskTag(bhs));
    if (ScsiResponsePdu.response(bhs) != 0) {
      remove(command);
      fail(
          command,
          new IscsiException(
              "the target could not deliver a command (iSCSI response 0x"
                  + Integer.toHexString(ScsiResponsePdu.response(bhs))
                  + ")"));
      return;
    }
    byte[] sense = ScsiResponse.NO_SENSE;
    if (data != null && data.remaining() >= 2) {
      int length = Math.min(data.getShort() & 0xffff, data.remaining());
      sense = new byte[length];
      data.get(sense);
    }
    complete(command, bhs, sense);
  }

  private void complete(ScsiCommand command, ByteBuffer bhs, byte[] sense) throws IscsiException {
    int status = ScsiResponsePdu.status(bhs);
    long residual =
        (Bhs.flags(bhs) & ScsiResponsePdu.UNDERFLOW) != 0
            ? ScsiResponsePdu.residualCount(bhs) & 0xffff_ffffL
            : 0;
    if (residual > command.length) {
      throw new ProtocolException("the target reports a residual beyond the expected length");
    }
    int transferred = command.length - (int) residual;
    if (command.kind == ScsiCommand.Kind.READ
        && status == ScsiResponse.GOOD
        && command.received != transferred) {
      throw new ProtocolException(
          "the target says that it sent "
              + transferred
              + " bytes, and "
              + command.received
              + " came");
    }
    remove(command);
    tell(command, new ScsiResponse(status, sense, transferred));
  }

  private static void tell(ScsiCommand command, ScsiResponse response) {
    try {
      command.completion.completed(response);
    } catch (RuntimeException e) {
      IscsiSession.LOG.log(System.Logger.Level.ERROR, "a completion failed", e);
    }
  }

  private void onReadyToTransfer(ByteBuffer bhs) throws IscsiException {
    ScsiCommand command = inFlight.get(Bhs.initiatorTaskTag(bhs));
    long offset = DataPdu.bufferOffset(bhs);
    long length = DataPdu.desiredDataTransferLength(bhs);
    if ((command.kind.flags & ScsiCommandPdu.WRITE) == 0
        || length == 0
        || length > agreed.maxBurstLength()
        || offset < command.solicited // in order and once, as DataSequenceInOrder=Yes promises
        || offset + length > command.length) {
      throw new ProtocolException(
          "the target asks for data that a command does not have ("
              + offset
              + " + "
              + length
              + " of "
              + command.length
              + " bytes)");
    }
    if (command.kind.gated && !owner.mayWrite()) {
      // The rest must not go out and the target waits for it: only a new session ends the task.
      remove(command);
      fail(command, gateClosed());
      throw new ConnectionLostException("the write gate closed in the middle of a write");
    }
    command.solicited = (int) (offset + length);
    sendData(command, Bhs.targetTransferTag(bhs), Bhs.lun(bhs), (int) offset, (int) length);
  }

  private void onNopIn(ByteBuffer bhs) throws IscsiException {
    if (Bhs.initiatorTaskTag(bhs) == pingTag) {
      pingTag = Bhs.RESERVED_TAG;
    }
    if (Bhs.targetTransferTag(bhs) != Bhs.RESERVED_TAG) {
      unsentAnswers = sink.isWritable() ? 0 : unsentAnswers + 1;
      if (unsentAnswers > MAX_UNSENT_ANSWERS) {
        throw new ConnectionLostException("the target pings and does not take the answers");
      }
      sendNopOut(Bhs.lun(bhs), Bhs.RESERVED_TAG, Bhs.targetTransferTag(bhs));
    }
  }

  private void onAsyncMessage(ByteBuffer bhs) throws IscsiException {
    int event = ControlPdu.asyncEvent(bhs);
    switch (event) {
      case ControlPdu.ASYNC_SCSI_EVENT:
        return; // its unit attention comes with the next command too
      case ControlPdu.ASYNC_VENDOR_EVENT:
        IscsiSession.LOG.log(System.Logger.Level.DEBUG, "the target sent an event of its vendor");
        return;
      case ControlPdu.ASYNC_LOGOUT_REQUEST:
        logout();
        throw new ConnectionLostException("the target asked for a logout");
      case ControlPdu.ASYNC_NEGOTIATION_REQUEST:
        logout(); // the next login negotiates
        throw new ConnectionLostException("the target wants to negotiate anew");
      case ControlPdu.ASYNC_CONNECTION_DROPPED:
        throw new ConnectionLostException("the target drops the connection");
      case ControlPdu.ASYNC_SESSION_DROPPED:
        throw new ConnectionLostException("the target drops all connections of the session");
      case ControlPdu.ASYNC_TASKS_TERMINATED:
        // Sent only where TaskReporting=FastAbort was agreed, which is never offered.
        throw new ConnectionLostException("the target ended the commands of a unit");
      default:
        throw new ConnectionLostException("the target sent the unknown AsyncEvent " + event);
    }
  }

  private void onReject(ByteBuffer bhs, ByteBuffer data) throws IscsiException {
    int reason = ControlPdu.response(bhs);
    String words = ControlPdu.rejectReason(reason) + " (reason 0x" + Integer.toHexString(reason);
    if (reason == ControlPdu.REJECT_DATA_DIGEST) {
      // What was garbled on the way goes once more, by a new session at ErrorRecoveryLevel 0.
      throw new ConnectionLostException("the target rejected a PDU: " + words + ")");
    }
    if (data != null && data.remaining() >= Bhs.LENGTH) {
      int opcode = data.get(data.position()) & 0x3f;
      int itt = data.getInt(data.position() + 16);
      ScsiCommand command = inFlight.find(itt);
      if (opcode == Opcode.SCSI_COMMAND && command != null) {
        remove(command);
        if (reason == ControlPdu.REJECT_OUT_OF_RESOURCES) {
          tell(command, new ScsiResponse(ScsiResponse.BUSY, ScsiResponse.NO_SENSE, 0));
        } else {
          fail(command, new IscsiException("the target rejected a command: " + words + ")"));
        }
        return;
      } else if (opcode == Opcode.TASK_MANAGEMENT_REQUEST && taskManagement.isAwaited(itt)) {
        taskManagement.rejected(owner.mayResetUnits());
        return;
      } else if (opcode == Opcode.NOP_OUT && itt == pingTag && itt != Bhs.RESERVED_TAG) {
        pingTag = Bhs.RESERVED_TAG; // a sign of life all the same
        return;
      }
    }
    throw new ProtocolException("the target rejected a PDU: " + words + ")");
  }

  static WriteGateClosedException gateClosed() {
    return new WriteGateClosedException("this node may not write any more");
  }

  static void fail(ScsiCommand command, IscsiException cause) {
    try {
      command.completion.failed(cause);
    } catch (RuntimeException e) {
      IscsiSession.LOG.log(System.Logger.Level.ERROR, "a completion failed", e);
    }
  }

  @Override
  public void receivedAll() {
    pump();
  }

  @Override
  public void failed(IscsiException cause) {
    if (!failed) {
      failed = true;
      owner.connectionFailed(this, cause);
    }
  }

  @Override
  public void closed() {
    failed(new ConnectionLostException("the target closed the connection"));
  }
}
