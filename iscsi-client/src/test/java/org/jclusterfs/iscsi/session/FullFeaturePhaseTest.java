package org.jclusterfs.iscsi.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.WriteGateClosedException;
import org.jclusterfs.iscsi.session.ScsiCommand.Kind;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.DataPdu;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.ScsiCommandPdu;
import org.junit.jupiter.api.Test;

/** The protocol of one connection against a scripted target. */
class FullFeaturePhaseTest extends ScriptedConnection {

  @Test
  void numbersWrapAround() throws Exception {
    for (int i = 0; i < 5; i++) {
      Ended ended = submit(Kind.CONTROL, 0);
      assertEquals(CMD_SN + i, Bhs.cmdSn(wire.last().bhs()));
      assertEquals(STAT_SN + i, Bhs.expStatSn(wire.last().bhs()));
      answer(itt(wire.last()), ScsiResponse.GOOD);
      assertEquals(ScsiResponse.GOOD, ended.response.status());
    }
    assertNull(owner.failure);
  }

  @Test
  void wrongStatSnIsAViolation() {
    submit(Kind.CONTROL, 0);
    statSn++;
    violates(() -> answer(itt(wire.last()), ScsiResponse.GOOD));
  }

  @Test
  void answerToAnUnknownTaskIsAViolation() {
    submit(Kind.CONTROL, 0);
    violates(() -> answer(itt(wire.last()) + 1, ScsiResponse.GOOD));
  }

  @Test
  void immediateAndUnsolicitedDataStayWithinTheFirstBurst() {
    phase = phase(32, false, 6144, 4096);
    submit(Kind.WRITE, 10000);
    assertEquals(2, wire.sent.size());
    Sent command = wire.sent.get(0);
    assertEquals(0, Bhs.flags(command.bhs()) & Bhs.FINAL);
    assertEquals(10000, ScsiCommandPdu.expectedDataTransferLength(command.bhs()));
    assertEquals(4096, command.data().length);
    Sent data = wire.sent.get(1);
    assertEquals(Opcode.DATA_OUT, data.opcode());
    assertEquals(Bhs.RESERVED_TAG, Bhs.targetTransferTag(data.bhs()));
    assertEquals(4096, DataPdu.bufferOffset(data.bhs()));
    assertEquals(2048, data.data().length);
    assertTrue(Bhs.isFinal(data.bhs()));
  }

  @Test
  void readyToTransferFetchesWhatItNames() throws Exception {
    Ended ended = submit(Kind.WRITE, 16384);
    assertTrue(Bhs.isFinal(wire.last().bhs()));
    assertEquals(0, wire.last().data().length);
    int itt = itt(wire.last());
    receive(r2t(itt, 2048, 9000), new byte[0]);
    List<Sent> data = wire.sent.subList(1, wire.sent.size());
    assertEquals(3, data.size());
    int offset = 2048;
    for (int i = 0; i < 3; i++) {
      assertEquals(0x55, Bhs.targetTransferTag(data.get(i).bhs()));
      assertEquals(i, DataPdu.dataSn(data.get(i).bhs()));
      assertEquals(offset, DataPdu.bufferOffset(data.get(i).bhs()));
      assertEquals(i == 2, Bhs.isFinal(data.get(i).bhs()));
      assertEquals((byte) (offset / 512), data.get(i).data()[0]);
      offset += data.get(i).data().length;
    }
    assertEquals(2048 + 9000, offset);
    answer(itt, ScsiResponse.GOOD);
    assertEquals(16384, ended.response.transferred());
  }

  @Test
  void readyToTransferBeyondTheDataIsAViolation() {
    submit(Kind.WRITE, 8192);
    int itt = itt(wire.last());
    violates(() -> receive(r2t(itt, 8192 - 512, 1024), new byte[0]));
    violates(() -> receive(r2t(itt, -4096, 4096), new byte[0]));
    violates(() -> receive(r2t(itt, 0, 0), new byte[0]));
    assertEquals(1, wire.sent.size());
  }

  @Test
  void gateThatClosesBeforeTheTargetAsksKeepsTheDataBack() {
    Ended ended = submit(Kind.WRITE, 8192);
    owner.open = false;
    int itt = itt(wire.last());
    IscsiException cause = null;
    try {
      receive(r2t(itt, 0, 8192), new byte[0]);
    } catch (IscsiException e) {
      cause = e;
    }
    assertInstanceOf(ConnectionLostException.class, cause);
    assertInstanceOf(WriteGateClosedException.class, ended.failure);
    assertEquals(1, wire.sent.size());
    assertInstanceOf(WriteGateClosedException.class, submit(Kind.WRITE, 512).failure);
    assertEquals(1, wire.sent.size());
  }

  @Test
  void dataLandWhereTheyBelong() throws Exception {
    ByteBuffer place = ByteBuffer.allocate(1000).position(100).limit(900);
    Ended ended = new Ended();
    ScsiCommand command = new ScsiCommand(0, Kind.READ, new byte[16], place, ended);
    command.deadline = PING;
    phase.submit(command);
    phase.pump();
    int itt = itt(wire.last());
    byte[] data = "0123456789".repeat(40).getBytes(StandardCharsets.US_ASCII);
    receive(dataIn(itt, 0, 0, 400), data);
    receive(dataIn(itt, Bhs.FINAL | 1, 1, 0), data);
    assertEquals(800, ended.response.transferred());
    assertEquals(100, place.position());
    assertArrayEquals(data, java.util.Arrays.copyOfRange(place.array(), 500, 900));
    assertEquals(0, place.array()[99]);
    assertEquals(0, place.array()[900]);
  }

  @Test
  void dataBeyondTheBufferAreAViolation() {
    submit(Kind.READ, 4096);
    int itt = itt(wire.last());
    violates(() -> receive(dataIn(itt, Bhs.FINAL, 0, 4000), new byte[97]));
    violates(() -> receive(dataIn(itt, Bhs.FINAL, 0, -97), new byte[97]));
  }

  @Test
  void dataForAWriteAreAViolation() {
    submit(Kind.WRITE, 4096);
    violates(() -> receive(dataIn(itt(wire.last()), Bhs.FINAL, 0, 0), new byte[512]));
  }

  @Test
  void missingDataAreNotTakenForARead() {
    submit(Kind.READ, 4096);
    int itt = itt(wire.last());
    violates(
        () -> {
          receive(dataIn(itt, 0, 0, 0), new byte[512]);
          answer(itt, ScsiResponse.GOOD);
        });
  }

  @Test
  void skippedDataSnIsAViolation() {
    submit(Kind.READ, 4096);
    violates(() -> receive(dataIn(itt(wire.last()), 0, 1, 0), new byte[512]));
  }

  @Test
  void underflowIsToldAsBytesMoved() throws Exception {
    Ended ended = submit(Kind.READ, 255);
    int itt = itt(wire.last());
    receive(dataIn(itt, 0, 0, 0), new byte[36]);
    receive(
        pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL | 2, itt).putInt(24, statSn++).putInt(44, 219),
        new byte[0]);
    assertEquals(36, ended.response.transferred());
  }

  @Test
  void residualBeyondTheLengthIsAViolation() {
    submit(Kind.WRITE, 512);
    violates(
        () ->
            receive(
                pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL | 2, itt(wire.last()))
                    .putInt(24, statSn++)
                    .putInt(44, 513),
                new byte[0]));
  }

  @Test
  void senseDataComeWithTheStatus() throws Exception {
    Ended ended = submit(Kind.CONTROL, 0);
    byte[] segment = {0, 4, 0x70, 0, 6, 0, 0, 0};
    receive(
        pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL, itt(wire.last())).put(3, (byte) 2).putInt(24, statSn),
        segment);
    assertEquals(ScsiResponse.CHECK_CONDITION, ended.response.status());
    assertArrayEquals(new byte[] {0x70, 0, 6, 0}, ended.response.sense());
  }

  @Test
  void rejectedCommandFailsAlone() throws Exception {
    Ended other = submit(Kind.CONTROL, 0);
    Ended ended = submit(Kind.CONTROL, 0);
    Sent command = wire.last();
    receive(
        pdu(Opcode.REJECT, Bhs.FINAL, Bhs.RESERVED_TAG).put(2, (byte) 5).putInt(24, statSn++),
        command.bhs().array());
    assertTrue(ended.failure.getMessage().contains("0x5"), ended.failure.getMessage());
    assertNull(other.failure);
    answer(itt(wire.sent.get(0)), ScsiResponse.GOOD);
    assertNotNull(other.response);
  }

  @Test
  void rejectOfAnythingElseEndsTheConnection() {
    violates(
        () ->
            receive(
                pdu(Opcode.REJECT, Bhs.FINAL, Bhs.RESERVED_TAG).put(2, (byte) 4).putInt(24, statSn),
                new byte[48]));
  }

  @Test
  void commandWhoseDataCameGarbledIsLeftToANewConnection() {
    Ended ended = submit(Kind.WRITE, 512);
    assertInstanceOf(
        ConnectionLostException.class,
        thrown(
            () ->
                receive(
                    pdu(Opcode.REJECT, Bhs.FINAL, Bhs.RESERVED_TAG)
                        .put(2, (byte) 2)
                        .putInt(24, statSn),
                    wire.last().bhs().array())));
    assertNull(ended.failure);
    assertEquals(1, phase.abandon().size());
  }

  @Test
  void commandForWhichTheTargetHasNoRoomIsBusy() throws Exception {
    Ended ended = submit(Kind.CONTROL, 0);
    receive(
        pdu(Opcode.REJECT, Bhs.FINAL, Bhs.RESERVED_TAG).put(2, (byte) 0xa).putInt(24, statSn++),
        wire.last().bhs().array());
    assertEquals(ScsiResponse.BUSY, ended.response.status());
    assertNull(owner.failure);
  }

  @Test
  void rejectedPingIsASignOfLife() throws Exception {
    phase.tick(PING);
    receive(
        pdu(Opcode.REJECT, Bhs.FINAL, Bhs.RESERVED_TAG).put(2, (byte) 6).putInt(24, statSn++),
        wire.last().bhs().array());
    phase.tick(2 * PING - 1);
    assertNull(owner.failure);
  }

  private IscsiException thrown(Violation violation) {
    return assertThrows(IscsiException.class, violation::run);
  }

  private void event(int event, byte... data) throws IscsiException {
    receive(
        pdu(Opcode.ASYNC_MESSAGE, Bhs.FINAL, Bhs.RESERVED_TAG)
            .putInt(24, statSn++)
            .put(36, (byte) event),
        data);
  }

  @Test
  void askedForALogoutItLogsOut() {
    assertInstanceOf(ConnectionLostException.class, thrown(() -> event(1)));
    assertEquals(Opcode.LOGOUT_REQUEST, wire.last().opcode());
  }

  @Test
  void askedToNegotiateItLogsOutToLogInAnew() {
    assertInstanceOf(ConnectionLostException.class, thrown(() -> event(4)));
    assertEquals(Opcode.LOGOUT_REQUEST, wire.last().opcode());
  }

  @Test
  void eventsOfAUnitAndOfAVendorPass() throws Exception {
    event(0, (byte) 0, (byte) 4, (byte) 0x70, (byte) 0, (byte) 6, (byte) 0);
    event(255, new byte[40]);
    assertNull(owner.failure);
    assertTrue(wire.sent.isEmpty());
  }

  @Test
  void eventsThatEndTheConnectionEndIt() {
    for (int event : new int[] {2, 3, 5, 6, 254}) {
      assertInstanceOf(ConnectionLostException.class, thrown(() -> event(event)), "event " + event);
    }
    assertTrue(wire.sent.isEmpty());
  }

  @Test
  void dataAskedForTwiceAreAViolation() throws Exception {
    submit(Kind.WRITE, 16384);
    int itt = itt(wire.last());
    receive(r2t(itt, 0, 8192), new byte[0]);
    violates(() -> receive(r2t(itt, 8191, 1024), new byte[0]));
  }

  @Test
  void dataSentUnsolicitedAreNotAskedForAgain() {
    phase = phase(32, false, 6144, 4096);
    submit(Kind.WRITE, 10000);
    violates(() -> receive(r2t(itt(wire.sent.get(0)), 4096, 1024), new byte[0]));
  }

  @Test
  void targetThatPingsAndDoesNotReadIsGivenUp() {
    wire.writable = false;
    IscsiException cause =
        thrown(
            () -> {
              for (int i = 0; i < 100; i++) {
                receive(
                    pdu(Opcode.NOP_IN, Bhs.FINAL, Bhs.RESERVED_TAG)
                        .putInt(20, i)
                        .putInt(24, statSn),
                    new byte[0]);
              }
            });
    assertInstanceOf(ConnectionLostException.class, cause);
    assertEquals(16, wire.sent.size());
  }

  @Test
  void pingOfTheTargetIsAnswered() throws Exception {
    receive(
        pdu(Opcode.NOP_IN, Bhs.FINAL, Bhs.RESERVED_TAG)
            .putLong(8, Bhs.encodeLun(3))
            .putInt(20, 77)
            .putInt(24, statSn),
        new byte[0]);
    assertEquals(Opcode.NOP_OUT, wire.last().opcode());
    assertEquals(77, Bhs.targetTransferTag(wire.last().bhs()));
    assertEquals(Bhs.encodeLun(3), Bhs.lun(wire.last().bhs()));
    assertEquals(Bhs.RESERVED_TAG, itt(wire.last()));
  }

  @Test
  void silentTargetIsPingedAndThenGivenUp() throws Exception {
    phase.tick(PING - 1);
    assertTrue(wire.sent.isEmpty());
    phase.tick(PING);
    Sent ping = wire.last();
    assertEquals(Opcode.NOP_OUT, ping.opcode());
    receive(pdu(Opcode.NOP_IN, Bhs.FINAL, itt(ping)).putInt(24, statSn++), new byte[0]);
    phase.tick(2 * PING - 1);
    assertNull(owner.failure);
    phase.tick(2 * PING);
    assertEquals(Opcode.NOP_OUT, wire.last().opcode());
    phase.tick(3 * PING);
    assertInstanceOf(ConnectionLostException.class, owner.failure);
  }

  @Test
  void statSnIsAcknowledgedThoughNothingIsToBeSent() throws Exception {
    submit(Kind.CONTROL, 0);
    answer(itt(wire.last()), ScsiResponse.GOOD);
    phase.tick(TimeUnit.SECONDS.toNanos(1));
    assertEquals(Opcode.NOP_OUT, wire.last().opcode());
    assertEquals(STAT_SN + 1, Bhs.expStatSn(wire.last().bhs()));
  }

  @Test
  void ordinaryCommandsLeavePlacesToUrgentOnes() throws Exception {
    phase = phase(16, true, 0, 4096);
    for (int i = 0; i < 20; i++) {
      submit(Kind.CONTROL, 0);
    }
    assertEquals(12, commandsSent());
    for (int i = 0; i < 6; i++) {
      submit(Kind.CONTROL, 0, Priority.URGENT);
    }
    assertEquals(16, commandsSent());
    // the window never is exceeded, and the next place is an urgent command's
    receive(
        pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL, itt(wire.sent.get(0)), 1).putInt(24, statSn++),
        new byte[0]);
    assertEquals(17, commandsSent());
  }

  @Test
  void narrowWindowStillLetsOrdinaryCommandsPass() throws Exception {
    phase = phase(1, true, 0, 4096);
    submit(Kind.CONTROL, 0);
    submit(Kind.CONTROL, 0);
    assertEquals(1, commandsSent());
    receive(
        pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL, itt(wire.last()), 1).putInt(24, statSn++),
        new byte[0]);
    assertEquals(2, commandsSent());
  }

  @Test
  void fullSocketHoldsOrdinaryCommandsUpOnly() {
    wire.writable = false;
    submit(Kind.CONTROL, 0);
    assertEquals(0, commandsSent());
    submit(Kind.CONTROL, 0, Priority.URGENT);
    assertEquals(1, commandsSent());
    wire.writable = true;
    phase.pump();
    assertEquals(2, commandsSent());
  }

  @Test
  void dataInFlightAreBounded() throws Exception {
    Ended first = submit(Kind.READ, 12 << 20);
    submit(Kind.READ, 12 << 20);
    assertEquals(1, commandsSent());
    receive(
        pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL, itt(wire.last())).put(3, (byte) 8).putInt(24, statSn),
        new byte[0]);
    assertEquals(ScsiResponse.BUSY, first.response.status());
    assertEquals(2, commandsSent());
  }

  @Test
  void whatWasInFlightComesBackInItsOrder() {
    List<Ended> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      all.add(submit(Kind.CONTROL, 0));
    }
    List<ScsiCommand> left = phase.abandon();
    assertEquals(all, left.stream().map(command -> command.completion).toList());
  }
}
