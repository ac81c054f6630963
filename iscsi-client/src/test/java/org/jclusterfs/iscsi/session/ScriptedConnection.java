package org.jclusterfs.iscsi.session;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.session.ScsiCommand.Kind;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.PduSink;

/** One connection in its Full Feature Phase whose target is the test. */
abstract class ScriptedConnection {

  static final int CMD_SN = 0xffff_fffe; // serial numbers wrap
  static final int STAT_SN = 0x7fff_ffff;
  static final long PING = TimeUnit.SECONDS.toNanos(5);

  /** A PDU that was sent. */
  record Sent(ByteBuffer bhs, byte[] data) {
    int opcode() {
      return Bhs.opcode(bhs);
    }
  }

  static final class Wire implements PduSink {
    final List<Sent> sent = new ArrayList<>();
    boolean writable = true;

    @Override
    public void send(ByteBuffer bhs, ByteBuffer data) {
      byte[] bytes = new byte[data == null ? 0 : data.remaining()];
      if (data != null) {
        data.duplicate().get(bytes);
      }
      sent.add(new Sent(ByteBuffer.wrap(bhs.array().clone()), bytes));
    }

    @Override
    public boolean isWritable() {
      return writable;
    }

    @Override
    public void flush() {}

    Sent last() {
      return sent.get(sent.size() - 1);
    }
  }

  static final class Owner implements SessionOwner {
    boolean open = true;
    boolean mayReset;
    boolean out;
    IscsiException failure;

    @Override
    public boolean mayWrite() {
      return open;
    }

    @Override
    public boolean mayResetUnits() {
      return mayReset;
    }

    @Override
    public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {
      failure = cause;
    }

    @Override
    public void loggedOut(FullFeaturePhase phase) {
      out = true;
    }

    @Override
    public void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int ttt) {}
  }

  static final class Ended implements Completion {
    ScsiResponse response;
    IscsiException failure;

    @Override
    public void completed(ScsiResponse answer) {
      response = answer;
    }

    @Override
    public void failed(IscsiException cause) {
      failure = cause;
    }
  }

  final Wire wire = new Wire();
  final Owner owner = new Owner();
  FullFeaturePhase phase = phase(32, true, 0, 4096);
  int statSn = STAT_SN;

  FullFeaturePhase phase(int window, boolean initialR2T, int firstBurst, int segment) {
    NegotiatedParameters agreed =
        new NegotiatedParameters(
            false,
            false,
            initialR2T,
            firstBurst > 0,
            segment,
            16384,
            firstBurst,
            1,
            1,
            1,
            CMD_SN,
            STAT_SN,
            CMD_SN + window - 1);
    return new FullFeaturePhase(agreed, wire, owner, 128, PING, 0);
  }

  Ended submit(Kind kind, int bytes, Priority priority) {
    Ended ended = new Ended();
    byte[] data = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      data[i] = (byte) (i / 512);
    }
    ScsiCommand command =
        new ScsiCommand(3, kind, new byte[16], ByteBuffer.wrap(data), ended).priority(priority);
    command.deadline = TimeUnit.SECONDS.toNanos(60);
    phase.submit(command);
    phase.pump();
    return ended;
  }

  Ended submit(Kind kind, int bytes) {
    return submit(kind, bytes, Priority.ORDINARY);
  }

  /** A target's header whose window ends {@code window} places after the last command sent. */
  ByteBuffer pdu(int opcode, int flags, int itt, int window) {
    int expCmdSn = CMD_SN + commandsSent();
    return Bhs.allocate()
        .put(0, (byte) opcode)
        .put(1, (byte) flags)
        .putInt(16, itt)
        .putInt(20, Bhs.RESERVED_TAG)
        .putInt(28, expCmdSn)
        .putInt(32, expCmdSn + window - 1);
  }

  ByteBuffer pdu(int opcode, int flags, int itt) {
    return pdu(opcode, flags, itt, 32);
  }

  int commandsSent() {
    return (int) wire.sent.stream().filter(s -> s.opcode() == Opcode.SCSI_COMMAND).count();
  }

  void receive(ByteBuffer bhs, byte[] data) throws IscsiException {
    bhs.putInt(4, data.length);
    ByteBuffer place = data.length == 0 ? null : phase.destination(bhs);
    if (place != null) {
      place.put(data);
    }
    phase.received(bhs, place != null || data.length == 0 ? null : ByteBuffer.wrap(data));
    phase.receivedAll();
  }

  void answer(int itt, int status) throws IscsiException {
    receive(
        pdu(Opcode.SCSI_RESPONSE, Bhs.FINAL, itt).put(3, (byte) status).putInt(24, statSn++),
        new byte[0]);
  }

  static int itt(Sent sent) {
    return Bhs.initiatorTaskTag(sent.bhs());
  }

  /** What the target does ends the connection by a violation. */
  void violates(Violation violation) {
    IscsiException cause = null;
    try {
      violation.run();
    } catch (IscsiException e) {
      cause = e;
    }
    assertInstanceOf(ProtocolException.class, cause);
  }

  interface Violation {
    void run() throws IscsiException;
  }

  ByteBuffer r2t(int itt, int offset, int length) {
    return pdu(Opcode.R2T, Bhs.FINAL, itt)
        .putInt(20, 0x55)
        .putInt(24, statSn)
        .putInt(40, offset)
        .putInt(44, length);
  }

  ByteBuffer dataIn(int itt, int flags, int dataSn, int offset) {
    return pdu(Opcode.DATA_IN, flags, itt).putInt(24, statSn).putInt(36, dataSn).putInt(40, offset);
  }
}
