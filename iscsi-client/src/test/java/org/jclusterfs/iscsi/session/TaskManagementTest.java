package org.jclusterfs.iscsi.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.CommandTimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.session.ScsiCommand.Kind;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.ControlPdu;
import org.jclusterfs.iscsi.wire.Opcode;
import org.junit.jupiter.api.Test;

/** What becomes of a command that the target does not answer, on a path that works. */
class TaskManagementTest extends ScriptedConnection {

  private static final long DEADLINE = TimeUnit.SECONDS.toNanos(60);
  private static final long GRACE = TimeUnit.SECONDS.toNanos(4);
  private static final int COMPLETE = 0;
  private static final int NO_SUCH_TASK = 1;
  private static final int NOT_SUPPORTED = 5;

  private Ended submitWithGrace(Kind kind, int bytes) {
    Ended ended = new Ended();
    ByteBuffer data = bytes == 0 ? null : ByteBuffer.allocate(bytes);
    ScsiCommand command = new ScsiCommand(3, kind, new byte[16], data, ended);
    command.deadline = DEADLINE;
    command.grace = GRACE;
    phase.submit(command);
    phase.pump();
    return ended;
  }

  /** Time passes, with a target that answers pings. */
  private void passTo(long time) throws Exception {
    for (long at = PING; at < time; at += PING) {
      phase.tick(at);
      if (wire.sent.size() > 0 && wire.last().opcode() == Opcode.NOP_OUT) {
        receive(pdu(Opcode.NOP_IN, Bhs.FINAL, itt(wire.last())).putInt(24, statSn++), new byte[0]);
      }
    }
    phase.tick(time);
  }

  private List<Sent> functions() {
    return wire.sent.stream().filter(s -> s.opcode() == Opcode.TASK_MANAGEMENT_REQUEST).toList();
  }

  private void respond(Sent function, int response) throws Exception {
    receive(
        pdu(Opcode.TASK_MANAGEMENT_RESPONSE, Bhs.FINAL, itt(function))
            .put(2, (byte) response)
            .putInt(24, statSn++),
        new byte[0]);
  }

  private static int function(Sent sent) {
    return Bhs.flags(sent.bhs()) & 0x7f;
  }

  @Test
  void commandWithoutAnswerIsAbortedBeforeItsTimeIsOverAndTheRestGoesOn() throws Exception {
    Ended stuck = submitWithGrace(Kind.READ, 4096);
    Sent command = wire.last();
    Ended other = submit(Kind.CONTROL, 0);
    passTo(DEADLINE - GRACE - 1);
    assertEquals(List.of(), functions());
    phase.tick(DEADLINE - GRACE);
    Sent abort = functions().get(0);
    assertEquals(ControlPdu.ABORT_TASK, function(abort));
    assertTrue(Bhs.immediate(abort.bhs()));
    assertEquals(itt(command), Bhs.targetTransferTag(abort.bhs()), "Referenced Task Tag");
    assertEquals(Bhs.cmdSn(command.bhs()), abort.bhs().getInt(32), "RefCmdSN");
    assertEquals(Bhs.encodeLun(3), Bhs.lun(abort.bhs()));
    assertEquals(CMD_SN + 2, Bhs.cmdSn(abort.bhs()), "takes no CmdSN of its own");
    respond(abort, COMPLETE);
    assertInstanceOf(CommandTimeoutException.class, stuck.failure);
    assertNull(other.failure);
    assertNull(owner.failure);
    Ended next = submit(Kind.CONTROL, 0);
    answer(itt(wire.last()), ScsiResponse.GOOD);
    assertEquals(ScsiResponse.GOOD, next.response.status());
  }

  @Test
  void answerThatComesWhileTheAbortIsUnderWayCounts() throws Exception {
    Ended late = submitWithGrace(Kind.CONTROL, 0);
    int itt = itt(wire.last());
    passTo(DEADLINE - GRACE);
    answer(itt, ScsiResponse.GOOD);
    respond(functions().get(0), NO_SUCH_TASK);
    assertEquals(ScsiResponse.GOOD, late.response.status());
    assertNull(late.failure);
    assertNull(owner.failure);
  }

  @Test
  void targetThatKnowsNoSuchTaskHasEndedIt() throws Exception {
    Ended stuck = submitWithGrace(Kind.CONTROL, 0);
    passTo(DEADLINE - GRACE);
    respond(functions().get(0), NO_SUCH_TASK);
    assertInstanceOf(CommandTimeoutException.class, stuck.failure);
    assertNull(owner.failure);
  }

  @Test
  void readyToTransferIsAnsweredWhileTheAbortIsUnderWay() throws Exception {
    Ended stuck = submitWithGrace(Kind.WRITE, 8192);
    int itt = itt(wire.last());
    passTo(DEADLINE - GRACE);
    receive(r2t(itt, 0, 4096), new byte[0]);
    assertEquals(Opcode.DATA_OUT, wire.last().opcode());
    respond(functions().get(0), COMPLETE);
    assertInstanceOf(CommandTimeoutException.class, stuck.failure);
    assertNull(owner.failure);
  }

  @Test
  void oneFunctionIsOutstandingAtATimeOldestCommandFirst() throws Exception {
    Ended first = submitWithGrace(Kind.CONTROL, 0);
    int firstTag = itt(wire.last());
    Ended second = submitWithGrace(Kind.CONTROL, 0);
    int secondTag = itt(wire.last());
    passTo(DEADLINE - GRACE);
    phase.tick(DEADLINE - GRACE + 1);
    assertEquals(1, functions().size());
    assertEquals(firstTag, Bhs.targetTransferTag(functions().get(0).bhs()));
    respond(functions().get(0), COMPLETE);
    phase.tick(DEADLINE - GRACE + 2);
    assertEquals(2, functions().size());
    assertEquals(secondTag, Bhs.targetTransferTag(functions().get(1).bhs()));
    respond(functions().get(1), COMPLETE);
    assertInstanceOf(CommandTimeoutException.class, first.failure);
    assertInstanceOf(CommandTimeoutException.class, second.failure);
  }

  @Test
  void unansweredAbortEndsWithTheSessionAtTheDeadlineAndNoUnitIsReset() throws Exception {
    submitWithGrace(Kind.CONTROL, 0);
    passTo(DEADLINE - GRACE);
    phase.tick(DEADLINE - 1);
    assertNull(owner.failure);
    phase.tick(DEADLINE);
    assertInstanceOf(ConnectionLostException.class, owner.failure);
    assertEquals(1, functions().size());
  }

  @Test
  void refusedAbortLeavesTheCommandItsTime() throws Exception {
    Ended late = submitWithGrace(Kind.CONTROL, 0);
    int itt = itt(wire.last());
    passTo(DEADLINE - GRACE);
    respond(functions().get(0), NOT_SUPPORTED);
    phase.tick(DEADLINE - 1);
    assertEquals(1, functions().size());
    answer(itt, ScsiResponse.GOOD);
    assertEquals(ScsiResponse.GOOD, late.response.status());
  }

  @Test
  void unitOfOursAloneIsResetWhereTheAbortIsRefused() throws Exception {
    owner.mayReset = true;
    Ended stuck = submitWithGrace(Kind.CONTROL, 0);
    Ended sameUnit = submit(Kind.CONTROL, 0);
    passTo(DEADLINE - GRACE);
    respond(functions().get(0), NOT_SUPPORTED);
    Sent reset = functions().get(1);
    assertEquals(ControlPdu.LOGICAL_UNIT_RESET, function(reset));
    assertEquals(Bhs.encodeLun(3), Bhs.lun(reset.bhs()));
    assertEquals(Bhs.RESERVED_TAG, Bhs.targetTransferTag(reset.bhs()));
    Ended later = submit(Kind.CONTROL, 0);
    respond(reset, COMPLETE);
    assertInstanceOf(CommandTimeoutException.class, stuck.failure);
    assertEquals(ScsiResponse.TASK_ABORTED, sameUnit.response.status());
    assertNull(later.response);
    assertNull(owner.failure);
  }

  @Test
  void unitOfOursAloneIsResetWhereTheAbortIsNotAnswered() throws Exception {
    owner.mayReset = true;
    submitWithGrace(Kind.CONTROL, 0);
    passTo(DEADLINE - GRACE);
    phase.tick(DEADLINE - GRACE / 2 - 1);
    assertEquals(1, functions().size());
    phase.tick(DEADLINE - GRACE / 2);
    assertEquals(ControlPdu.LOGICAL_UNIT_RESET, function(functions().get(1)));
    phase.tick(DEADLINE);
    assertInstanceOf(ConnectionLostException.class, owner.failure);
  }

  @Test
  void rejectOfTheFunctionIsARefusal() throws Exception {
    Ended late = submitWithGrace(Kind.CONTROL, 0);
    int itt = itt(wire.last());
    passTo(DEADLINE - GRACE);
    receive(
        pdu(Opcode.REJECT, Bhs.FINAL, Bhs.RESERVED_TAG).put(2, (byte) 6).putInt(24, statSn++),
        functions().get(0).bhs().array());
    assertNull(owner.failure);
    answer(itt, ScsiResponse.GOOD);
    assertEquals(ScsiResponse.GOOD, late.response.status());
  }
}
