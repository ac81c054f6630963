package org.jclusterfs.iscsi.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.ChapAlgorithm;
import org.jclusterfs.iscsi.login.LoginNegotiation;
import org.jclusterfs.iscsi.login.LoginStep;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.target.ModelDisk;
import org.jclusterfs.iscsi.target.ModelSession;
import org.jclusterfs.iscsi.target.ModelTarget;
import org.jclusterfs.iscsi.target.Pdu;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.PduSink;

/** What a good target sends: the beginnings of {@link FuzzRun}'s inputs. */
final class FuzzTranscripts {

  /** Bound of a login's data segment, as connections have it. */
  static final int LOGIN_SEGMENT = 16384;

  /** Commands of the session: reads, writes with several R2Ts, commands without data, by turns. */
  static final int COMMANDS = 9;

  /** Bytes that a read or write moves. */
  static final int BYTES = 24 * ModelDisk.BLOCK;

  /** Bytes of a large Data-In at most: what is read straight from the socket begins at 16 KiB. */
  static final int LARGE = 20_000;

  private final List<byte[]> plainLogin = new ArrayList<>();
  private final List<byte[]> chapLogin = new ArrayList<>();
  private final List<byte[]> session = new ArrayList<>();
  private NegotiatedParameters agreed;

  FuzzTranscripts(InitiatorOptions options, Portal portal) {
    try {
      ModelSession target =
          new ModelSession(
              ModelSession.Settings.plain(), new ModelDisk(256), new ModelSession.Script() {});
      agreed = login(options, portal, target);
      chap(options, portal);
      session(target);
    } catch (IscsiException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<byte[]> plainLogin() {
    return plainLogin;
  }

  List<byte[]> chapLogin() {
    return chapLogin;
  }

  List<byte[]> session() {
    return session;
  }

  /** Two large Data-In with small PDUs around them. */
  List<byte[]> large() {
    Pdu ping = Pdu.of(Opcode.NOP_IN, Bhs.FINAL);
    Pdu data = Pdu.of(Opcode.DATA_IN, Bhs.FINAL).withData(new byte[LARGE]);
    byte[] small = ping.bytes(false, false);
    byte[] large = data.bytes(false, false);
    return List.of(small, large, small, large, small);
  }

  NegotiatedParameters agreed() {
    return agreed;
  }

  byte[] text(int which) {
    String text =
        which == 0
            ? "TargetName=iqn.2026-01.com.example:a\0TargetAddress=127.0.0.1:3260,1\0"
                + "TargetAddress=[::1]:3260,1\0TargetName=iqn.2026-01.com.example:b\0"
            : "HeaderDigest=CRC32C\0MaxBurstLength=65536\0InitialR2T=No\0X-a.b=c\0";
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A command of the session; the buffer is filled or sent by those that move data. */
  static ScsiCommand command(int index, ByteBuffer buffer, Completion completion) {
    ScsiCommand.Kind kind =
        List.of(ScsiCommand.Kind.READ, ScsiCommand.Kind.WRITE, ScsiCommand.Kind.CONTROL)
            .get(index % 3);
    ByteBuffer cdb = ByteBuffer.allocate(16).putInt(10, 24);
    cdb.put(0, (byte) (index % 3 == 0 ? 0x88 : index % 3 == 1 ? 0x8a : 0x91));
    ScsiCommand command =
        new ScsiCommand(0, kind, cdb.array(), index % 3 == 2 ? null : buffer, completion);
    command.deadline = Long.MAX_VALUE / 2;
    return command;
  }

  private static LoginNegotiation negotiation(InitiatorOptions options, Portal portal) {
    return new LoginNegotiation(
        options, ModelTarget.IQN, portal, List.of(ChapAlgorithm.values()), new Random(7));
  }

  private NegotiatedParameters login(InitiatorOptions options, Portal portal, ModelSession target)
      throws IscsiException {
    LoginNegotiation negotiation = negotiation(options, portal);
    LoginStep step = negotiation.start();
    while (step instanceof LoginStep.Send) {
      LoginStep.Send send = (LoginStep.Send) step;
      byte[] text = new byte[send.text().remaining()];
      send.text().duplicate().get(text);
      Pdu answer = target.receive(new Pdu(send.bhs(), text)).get(0);
      plainLogin.add(answer.bytes(false, false));
      step =
          negotiation.onResponse(
              answer.bhs(), answer.data().length == 0 ? null : ByteBuffer.wrap(answer.data()));
    }
    return ((LoginStep.Done) step).parameters();
  }

  private void chap(InitiatorOptions options, Portal portal) throws IscsiException {
    LoginNegotiation negotiation =
        negotiation(options.withChap(ChapCredentials.oneWay("user", "secretsecret1")), portal);
    negotiation.start();
    String challenge = "CHAP_C=0x00112233445566778899aabbccddeeff";
    chapAnswer(negotiation, 0, 0, "AuthMethod=CHAP");
    chapAnswer(negotiation, 0, 1, "CHAP_A=5", "CHAP_I=9", challenge);
    chapAnswer(negotiation, 0x81, 2, "TargetPortalGroupTag=1");
    chapAnswer(negotiation, 0x87, 3, "HeaderDigest=CRC32C", "InitialR2T=No", "MaxBurstLength=8192");
  }

  private void chapAnswer(LoginNegotiation negotiation, int flags, int statSn, String... pairs)
      throws IscsiException {
    Pdu pdu = Pdu.of(Opcode.LOGIN_RESPONSE, flags).withText(pairs);
    pdu.bhs().putInt(24, statSn).putInt(28, 1).putInt(32, 64);
    chapLogin.add(pdu.bytes(false, false));
    negotiation.onResponse(pdu.bhs(), ByteBuffer.wrap(pdu.data()));
  }

  /** Plays the session with the model; ends with one of each PDU that no command asks for. */
  private void session(ModelSession target) throws IscsiException {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    PduSink sink =
        new PduSink() {
          @Override
          public void send(ByteBuffer bhs, ByteBuffer data) {
            byte[] bytes = new byte[data == null ? 0 : data.remaining()];
            if (data != null) {
              data.duplicate().get(bytes);
            }
            ByteBuffer copy = ByteBuffer.wrap(bhs.array().clone());
            sent.writeBytes(new Pdu(copy, bytes).withData(bytes).bytes(false, false));
          }

          @Override
          public boolean isWritable() {
            return true;
          }

          @Override
          public void flush() {}
        };
    SessionOwner owner =
        new SessionOwner() {
          @Override
          public boolean mayWrite() {
            return true;
          }

          @Override
          public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {
            throw new AssertionError(cause);
          }

          @Override
          public void loggedOut(FullFeaturePhase phase) {}

          @Override
          public void textReceived(FullFeaturePhase p, ByteBuffer data, boolean last, int ttt) {}
        };
    FullFeaturePhase phase = new FullFeaturePhase(agreed, sink, owner, 32, 5_000_000_000L, 0);
    Completion nobody =
        new Completion() {
          @Override
          public void completed(ScsiResponse response) {}

          @Override
          public void failed(IscsiException cause) {}
        };
    for (int i = 0; i < COMMANDS; i++) {
      phase.submit(command(i, ByteBuffer.allocate(BYTES), nobody));
    }
    phase.pump();
    while (sent.size() > 0) {
      ByteArrayInputStream in = new ByteArrayInputStream(sent.toByteArray());
      sent.reset();
      while (in.available() > 0) {
        for (Pdu answer : receive(target, in)) {
          session.add(answer.bytes(false, false));
          ByteBuffer place = answer.data().length == 0 ? null : phase.destination(answer.bhs());
          if (place != null) {
            place.put(answer.data());
          }
          ByteBuffer data =
              place == null && answer.data().length > 0 ? ByteBuffer.wrap(answer.data()) : null;
          phase.received(answer.bhs(), data);
        }
      }
    }
    addUnasked(target);
  }

  private static List<Pdu> receive(ModelSession target, ByteArrayInputStream in) {
    try {
      return target.receive(Pdu.read(in, false, false));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void addUnasked(ModelSession target) {
    Pdu ping = Pdu.of(Opcode.NOP_IN, Bhs.FINAL);
    ping.bhs().putInt(20, 77);
    Pdu event = Pdu.of(Opcode.ASYNC_MESSAGE, Bhs.FINAL).withData(new byte[20]);
    Pdu text = Pdu.of(Opcode.TEXT_RESPONSE, Bhs.FINAL).withText("TargetName=x");
    Pdu managed = Pdu.of(Opcode.TASK_MANAGEMENT_RESPONSE, Bhs.FINAL);
    Pdu reject = Pdu.of(Opcode.REJECT, Bhs.FINAL).withData(new byte[48]);
    session.add(target.unasked(ping, false).bytes(false, false));
    for (Pdu each : List.of(event, text, managed, reject)) {
      session.add(target.unasked(each, true).bytes(false, false));
    }
  }
}
