package org.jclusterfs.iscsi.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.ChapAlgorithm;
import org.jclusterfs.iscsi.login.LoginNegotiation;
import org.jclusterfs.iscsi.login.LoginStep;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.scsi.ScsiParsers;
import org.jclusterfs.iscsi.target.ModelTarget;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.PduDecoder;
import org.jclusterfs.iscsi.wire.PduReceiver;
import org.jclusterfs.iscsi.wire.PduSink;
import org.jclusterfs.iscsi.wire.TextParameters;

/**
 * What a hostile or broken target may send, an input per seed: changed transcripts of logins and of
 * sessions, text, and answers of units. Checked after each: nothing was thrown but the typed
 * exceptions, each command ended once or came back, no memory outside a command's buffer was
 * written, no data left that no command has, and no more was allocated than was negotiated. Used by
 * one thread.
 */
final class FuzzRun {

  /** MaxRecvDataSegmentLength: what a single PDU may make the initiator allocate. */
  static final int SEGMENT = 8192;

  /** What one input may allocate besides: exceptions with their traces, views, messages. */
  static final long SLACK = 256 << 10;

  /** Objects that describe a pair of text, per byte of text. */
  static final int PER_BYTE = 64;

  private static final int CANARY = 64;
  private static final InitiatorOptions OPTIONS =
      InitiatorOptions.of("iqn.2026-01.com.example.client:fuzz")
          .withIsid(Isid.random(new Random(1)))
          .withLengths(SEGMENT, 65536, 16384, 32);
  private static final Portal PORTAL = new Portal("h", 3260);

  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();

  private final FuzzTranscripts transcripts = new FuzzTranscripts(OPTIONS, PORTAL);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final Map<String, Long> visited = new TreeMap<>();
  private long mostAllocated;

  /** How often what was seen. */
  Map<String, Long> visited() {
    return visited;
  }

  /** Most bytes that one input made the code under test allocate. */
  long mostAllocated() {
    return mostAllocated;
  }

  private void saw(String what) {
    visited.merge(what, 1L, Long::sum);
  }

  /** One input; an {@link AssertionError} says what went wrong. */
  void run(long seed) {
    try {
      runOnce(seed);
    } catch (ExcessError e) {
      runOnce(seed); // once more: classes are loaded when they are first used
    }
  }

  /** More was allocated than allowed. */
  private static final class ExcessError extends AssertionError {
    private static final long serialVersionUID = 1L;

    ExcessError(String message) {
      super(message);
    }
  }

  private void runOnce(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    PduMutator mutator = new PduMutator(random);
    int kind = random.nextInt(64) == 0 ? -1 : random.nextInt(16);
    try {
      if (kind < 0) {
        straight(mutator, random);
      } else if (kind < 5) {
        login(mutator, random);
      } else if (kind < 12) {
        phase(mutator, random);
      } else if (kind < 14) {
        text(mutator, random);
      } else {
        parse(mutator, random);
      }
    } catch (ExcessError e) {
      throw e;
    } catch (RuntimeException | Error e) {
      throw new AssertionError("input " + seed, e);
    }
  }

  /** A large Data-In, read from the socket straight into its place wherever the decoder allows. */
  private void straight(PduMutator mutator, SplittableRandom random) {
    byte[] bytes = join(mutator.transcript(transcripts.large()));
    StraightReceiver receiver = new StraightReceiver();
    PduDecoder decoder = new PduDecoder(receiver, FuzzTranscripts.LARGE);
    bounded(
        "large segment",
        5L * FuzzTranscripts.LARGE / PER_BYTE, // if each were allocated
        () -> {
          deliver(decoder, bytes, random);
          if (receiver.failure != null) {
            throw receiver.failure;
          }
        });
    for (int at = FuzzTranscripts.LARGE; at < receiver.place.capacity(); at++) {
      if (receiver.place.get(at) != 0) {
        throw new AssertionError("memory behind the buffer is written");
      }
    }
  }

  private final ByteBuffer largePlace = ByteBuffer.allocateDirect(FuzzTranscripts.LARGE + CANARY);

  private final class StraightReceiver implements PduReceiver {
    private final ByteBuffer place = largePlace;
    private IscsiException failure;

    @Override
    public ByteBuffer destination(ByteBuffer bhs) {
      boolean data = Bhs.opcode(bhs) == Opcode.DATA_IN;
      return data ? place.duplicate().limit(Bhs.dataSegmentLength(bhs)) : null;
    }

    @Override
    public void received(ByteBuffer bhs, ByteBuffer data) {}

    @Override
    public void receivedAll() {}

    @Override
    public void failed(IscsiException cause) {
      failure = cause;
    }

    @Override
    public void closed() {}
  }

  private interface Input {
    void run() throws IscsiException;
  }

  private void bounded(String kind, long bytes, Input input) {
    long thread = Thread.currentThread().getId();
    long before = THREADS.getThreadAllocatedBytes(thread);
    String outcome = "taken";
    try {
      input.run();
    } catch (IscsiException e) {
      outcome = e.getClass().getSimpleName();
    }
    long allocated = THREADS.getThreadAllocatedBytes(thread) - before;
    saw(kind + ": " + outcome);
    if (allocated > SLACK + SEGMENT + FuzzTranscripts.LOGIN_SEGMENT + PER_BYTE * bytes) {
      throw new ExcessError(allocated + " bytes allocated for an input of " + bytes);
    }
    mostAllocated = Math.max(mostAllocated, allocated);
  }

  private static byte[] join(List<byte[]> pdus) {
    int length = 0;
    for (byte[] pdu : pdus) {
      length += pdu.length;
    }
    byte[] all = new byte[length];
    int at = 0;
    for (byte[] pdu : pdus) {
      System.arraycopy(pdu, 0, all, at, pdu.length);
      at += pdu.length;
    }
    return all;
  }

  /** Gives bytes to a decoder in up to three chunks, then the end of the stream. */
  private void deliver(PduDecoder decoder, byte[] bytes, SplittableRandom random) {
    channel.pipeline().addLast(decoder);
    try {
      int at = 0;
      for (int left = random.nextInt(3); left >= 0 || at < bytes.length; left--) {
        int chunk = left <= 0 ? bytes.length - at : random.nextInt(bytes.length - at + 1);
        ByteBuf straight = decoder.straight();
        if (straight != null) {
          chunk = Math.min(chunk, straight.writableBytes());
          channel.writeInbound(straight.writeBytes(bytes, at, chunk));
        } else {
          channel.writeInbound(Unpooled.wrappedBuffer(bytes, at, chunk));
        }
        at += chunk;
      }
      channel.pipeline().fireChannelInactive();
      channel.checkException();
    } finally {
      channel.pipeline().remove(decoder);
    }
  }

  private void login(PduMutator mutator, SplittableRandom random) {
    boolean chap = random.nextBoolean();
    byte[] bytes =
        join(mutator.transcript(chap ? transcripts.chapLogin() : transcripts.plainLogin()));
    LoginNegotiation negotiation =
        new LoginNegotiation(
            chap ? OPTIONS.withChap(ChapCredentials.oneWay("user", "secretsecret1")) : OPTIONS,
            ModelTarget.IQN,
            PORTAL,
            List.of(ChapAlgorithm.values()),
            new Random(7));
    LoginReceiver receiver = new LoginReceiver(negotiation);
    PduDecoder decoder = new PduDecoder(receiver, FuzzTranscripts.LOGIN_SEGMENT);
    bounded(
        "login",
        bytes.length,
        () -> {
          negotiation.start();
          deliver(decoder, bytes, random);
          if (receiver.failure != null) {
            throw receiver.failure;
          }
        });
  }

  private static final class LoginReceiver implements PduReceiver {
    private final LoginNegotiation negotiation;
    private IscsiException failure;
    private boolean done;

    LoginReceiver(LoginNegotiation negotiation) {
      this.negotiation = negotiation;
    }

    @Override
    public ByteBuffer destination(ByteBuffer bhs) {
      return null;
    }

    @Override
    public void received(ByteBuffer bhs, ByteBuffer data) throws IscsiException {
      if (!done) {
        done = !(negotiation.onResponse(bhs, data) instanceof LoginStep.Send);
      }
    }

    @Override
    public void receivedAll() {}

    @Override
    public void failed(IscsiException cause) {
      failure = cause;
    }

    @Override
    public void closed() {}
  }

  private void phase(PduMutator mutator, SplittableRandom random) {
    byte[] bytes = join(mutator.transcript(transcripts.session()));
    PhaseHarness harness = new PhaseHarness(transcripts.agreed());
    bounded(
        "session",
        bytes.length,
        () -> {
          deliver(harness.decoder, bytes, random);
          if (harness.failure != null) {
            throw harness.failure;
          }
        });
    harness.check(bytes.length);
    visited.merge("commands ended", (long) harness.ended, Long::sum);
  }

  /** A phase with the commands of the transcript in flight. */
  private static final class PhaseHarness implements SessionOwner, PduSink {
    final PduDecoder decoder;
    final FullFeaturePhase phase;
    final byte[] readMemory;
    final int[] times = new int[FuzzTranscripts.COMMANDS];
    IscsiException failure;
    long dataSent;
    long headersSent;
    int ended;

    PhaseHarness(NegotiatedParameters agreed) {
      phase = new FullFeaturePhase(agreed, this, this, 32, 5_000_000_000L, 0);
      readMemory = new byte[FuzzTranscripts.COMMANDS * (FuzzTranscripts.BYTES + CANARY)];
      for (int i = 0; i < FuzzTranscripts.COMMANDS; i++) {
        int index = i;
        int base = i * (FuzzTranscripts.BYTES + CANARY);
        ScsiCommand command =
            FuzzTranscripts.command(
                i,
                ByteBuffer.wrap(readMemory, base, FuzzTranscripts.BYTES),
                new Completion() {
                  @Override
                  public void completed(ScsiResponse response) {
                    times[index]++;
                    ended++;
                  }

                  @Override
                  public void failed(IscsiException cause) {
                    times[index]++;
                    ended++;
                  }
                });
        phase.submit(command);
      }
      phase.pump();
      headersSent = 0;
      decoder = new PduDecoder(phase, SEGMENT);
    }

    void check(int received) {
      int back = phase.abandon().size();
      for (int i = 0; i < times.length; i++) {
        if (times[i] > 1) {
          throw new AssertionError("command " + i + " ended " + times[i] + " times");
        }
        int base = i * (FuzzTranscripts.BYTES + CANARY) + FuzzTranscripts.BYTES;
        for (int at = base; at < base + CANARY; at++) {
          if (readMemory[at] != 0) {
            throw new AssertionError("memory behind the buffer of command " + i + " is written");
          }
        }
      }
      if (ended + back != times.length) {
        throw new AssertionError(ended + " commands ended, " + back + " came back");
      }
      // Every third command writes, and no byte goes out twice.
      if (dataSent > FuzzTranscripts.COMMANDS / 3L * FuzzTranscripts.BYTES) {
        throw new AssertionError(dataSent + " bytes of data sent, more than there are");
      }
      // An R2T may ask for a burst in segments of 512 bytes; else a PDU is answered by one at most.
      if (headersSent > received / 48 + dataSent / 512 + FuzzTranscripts.COMMANDS + 2) {
        throw new AssertionError(headersSent + " PDUs sent for " + received + " bytes");
      }
    }

    @Override
    public void send(ByteBuffer bhs, ByteBuffer data) {
      headersSent++;
      dataSent += data == null ? 0 : data.remaining();
    }

    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public void flush() {}

    @Override
    public boolean mayWrite() {
      return true;
    }

    @Override
    public void connectionFailed(FullFeaturePhase failed, IscsiException cause) {
      failure = cause;
    }

    @Override
    public void loggedOut(FullFeaturePhase out) {}

    @Override
    public void textReceived(FullFeaturePhase of, ByteBuffer data, boolean last, int ttt) {}
  }

  private void text(PduMutator mutator, SplittableRandom random) {
    byte[] bytes = mutator.bytes(transcripts.text(random.nextInt(2)));
    bounded(
        "text",
        bytes.length,
        () -> {
          for (TextParameters.Pair pair : TextParameters.decode(bytes)) {
            if (pair.key().isEmpty() || pair.key().length() > 63) {
              throw new AssertionError("key '" + pair.key() + "'");
            }
          }
          Discovery.parse(bytes);
        });
  }

  private void parse(PduMutator mutator, SplittableRandom random) {
    int parser = random.nextInt(ScsiParsers.count());
    byte[] bytes = mutator.bytes(ScsiParsers.sample(parser));
    bounded("unit's answer", bytes.length, () -> ScsiParsers.parse(parser, bytes));
  }

  /** All that was seen by several runs. */
  static Map<String, Long> sum(List<FuzzRun> runs) {
    Map<String, Long> all = new TreeMap<>();
    List<FuzzRun> copy = new ArrayList<>(runs);
    copy.forEach(run -> run.visited.forEach((what, n) -> all.merge(what, n, Long::sum)));
    return all;
  }
}
