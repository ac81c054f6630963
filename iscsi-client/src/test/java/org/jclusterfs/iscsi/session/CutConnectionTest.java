package org.jclusterfs.iscsi.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.ChapAlgorithm;
import org.jclusterfs.iscsi.login.LoginNegotiation;
import org.jclusterfs.iscsi.login.LoginStep;
import org.jclusterfs.iscsi.target.ModelDisk;
import org.jclusterfs.iscsi.target.ModelSession;
import org.jclusterfs.iscsi.target.ModelTarget;
import org.jclusterfs.iscsi.target.Pdu;
import org.jclusterfs.iscsi.target.StampedBlocks;
import org.junit.jupiter.api.Test;

/** A connection without a socket, cut at each boundary of a PDU and at each byte of its login. */
class CutConnectionTest {

  private static final InitiatorOptions OPTIONS =
      InitiatorOptions.of("iqn.2026-01.com.example.client:cut")
          .withDigests(InitiatorOptions.Digests.PREFERRED);

  /** One connection between the code under test and the model, a byte array at a time. */
  private static final class Line implements SessionOwner {
    final ModelSession target =
        new ModelSession(
            ModelSession.Settings.plain().withDigests(),
            new ModelDisk(256),
            new ModelSession.Script() {});
    final EmbeddedChannel channel = new EmbeddedChannel();
    final Connection connection;
    final CompletableFuture<LoginStep> login;
    final List<byte[]> toInitiator = new ArrayList<>();
    IscsiException failure;
    int failures;

    Line() {
      LoginNegotiation negotiation =
          new LoginNegotiation(
              OPTIONS,
              ModelTarget.IQN,
              new Portal("h", 3260),
              List.of(ChapAlgorithm.values()),
              new Random(1));
      connection = new Connection(channel, new Portal("h", 3260), negotiation, OPTIONS, this);
      login = connection.login();
      channel.runPendingTasks();
    }

    /** Gives what was sent to the target, and keeps its answers back. */
    void carryToTarget() throws IOException {
      ByteBuf sent = Unpooled.buffer();
      for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
        sent.writeBytes(part);
        part.release();
      }
      ByteArrayInputStream in =
          new ByteArrayInputStream(sent.array(), sent.readerIndex(), sent.readableBytes());
      while (in.available() > 0) {
        boolean header = target.headerDigest();
        boolean data = target.dataDigest();
        for (Pdu answer : target.receive(Pdu.read(in, header, data))) {
          toInitiator.add(answer.bytes(header, data));
        }
      }
    }

    /** Delivers PDUs of the target until none is left or so many were; how many were. */
    int run(int limit) throws IOException {
      int delivered = 0;
      carryToTarget();
      while (!toInitiator.isEmpty() && delivered < limit) {
        channel.writeInbound(Unpooled.wrappedBuffer(toInitiator.remove(0)));
        channel.runPendingTasks();
        delivered++;
        carryToTarget();
      }
      return delivered;
    }

    @Override
    public boolean mayWrite() {
      return true;
    }

    @Override
    public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {
      failure = cause;
      failures++;
    }

    @Override
    public void loggedOut(FullFeaturePhase phase) {}

    @Override
    public void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int ttt) {}
  }

  private static byte[] cdb(int opcode, long lba, int blocks) {
    return ByteBuffer.allocate(16).put((byte) opcode).putLong(2, lba).putInt(10, blocks).array();
  }

  private static final class Ended implements Completion {
    int times;
    ScsiResponse response;

    @Override
    public void completed(ScsiResponse answer) {
      times++;
      response = answer;
    }

    @Override
    public void failed(IscsiException cause) {
      times++;
    }
  }

  /** Writes, one with several R2Ts, and reads, all at once. */
  private static List<Ended> submitAll(FullFeaturePhase phase) {
    List<Ended> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Ended ended = new Ended();
      boolean write = i % 2 == 0;
      int blocks = i < 2 ? 48 : 4;
      ByteBuffer data =
          write ? StampedBlocks.of(1, 0, blocks) : ByteBuffer.allocate(blocks * ModelDisk.BLOCK);
      ScsiCommand command =
          new ScsiCommand(
              0,
              write ? ScsiCommand.Kind.WRITE : ScsiCommand.Kind.READ,
              cdb(write ? 0x8a : 0x88, 0, blocks),
              data,
              ended);
      command.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      phase.submit(command);
      all.add(ended);
    }
    phase.pump();
    return all;
  }

  @Test
  void eachCommandEndsOnceOrComesBackWhereverTheConnectionIsCut() throws Exception {
    int boundaries = 0;
    for (int cut = 0; ; cut++) {
      Line line = new Line();
      line.run(Integer.MAX_VALUE);
      assertTrue(line.login.isDone());
      FullFeaturePhase phase = line.connection.phase();
      assertTrue(phase.agreed().headerDigest() && phase.agreed().dataDigest());
      List<Ended> commands = submitAll(phase);
      int delivered = line.run(cut);
      line.channel.close();
      line.channel.runPendingTasks();
      assertEquals(1, line.failures, "told once that the connection ended");
      long ended = commands.stream().filter(command -> command.times == 1).count();
      assertEquals(0, commands.stream().filter(command -> command.times > 1).count());
      assertEquals(commands.size(), ended + phase.abandon().size(), "cut at PDU " + cut);
      commands.stream()
          .filter(command -> command.response != null)
          .forEach(command -> assertEquals(ScsiResponse.GOOD, command.response.status()));
      if (delivered < cut) {
        assertEquals(commands.size(), ended);
        break;
      }
      boundaries++;
    }
    assertTrue(boundaries > 15, boundaries + " boundaries");
  }

  @Test
  void loginCutAtAnyByteFailsByATypedException() throws Exception {
    List<byte[]> answers = new ArrayList<>();
    Line whole = new Line();
    whole.carryToTarget();
    while (!whole.toInitiator.isEmpty()) {
      byte[] answer = whole.toInitiator.remove(0);
      answers.add(answer);
      whole.channel.writeInbound(Unpooled.wrappedBuffer(answer));
      whole.channel.runPendingTasks();
      whole.carryToTarget();
    }
    assertInstanceOf(LoginStep.Done.class, whole.login.get());
    for (int pdu = 0; pdu < answers.size(); pdu++) {
      for (int at = 0; at < answers.get(pdu).length; at++) {
        Line line = new Line();
        for (int i = 0; i < pdu; i++) {
          line.channel.writeInbound(Unpooled.wrappedBuffer(answers.get(i)));
        }
        line.channel.writeInbound(Unpooled.wrappedBuffer(answers.get(pdu), 0, at));
        line.channel.close();
        line.channel.runPendingTasks();
        Throwable cause = null;
        try {
          line.login.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          cause = e.getCause();
        }
        assertInstanceOf(IscsiException.class, cause, "PDU " + pdu + " byte " + at);
        assertNull(line.connection.phase());
        line.channel.releaseOutbound();
      }
    }
  }

  @Test
  void garbledByteOfAnyPduWithDigestsEndsTheConnectionAndNoCommandWrongly() throws Exception {
    for (int pdu = 0; pdu < 30; pdu++) {
      for (int at : new int[] {0, 1, 5, 7, 16, 20, 24, 36, 41, 44, 48, 49, 52, 53, 500}) {
        Line line = new Line();
        line.run(Integer.MAX_VALUE);
        FullFeaturePhase phase = line.connection.phase();
        List<Ended> commands = submitAll(phase);
        line.run(pdu);
        if (line.toInitiator.isEmpty()) {
          return; // there are no more PDUs
        }
        byte[] wrong = line.toInitiator.remove(0);
        if (at >= wrong.length) {
          continue;
        }
        wrong[at] ^= 0x10;
        line.channel.writeInbound(Unpooled.wrappedBuffer(wrong));
        line.channel.writeInbound(Unpooled.wrappedBuffer(new byte[70000])); // if it waits for more
        assertNotNull(line.failure, "PDU " + pdu + " byte " + at);
        long ended = commands.stream().filter(command -> command.times == 1).count();
        assertEquals(commands.size(), ended + phase.abandon().size());
      }
    }
  }
}
