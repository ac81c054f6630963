package org.jclusterfs.iscsi.target;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.target.ModelDisk.Result;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.LoginPdu;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.TextParameters;

/**
 * A target's side of one session as a function of PDUs to PDUs (RFC 7143), as strict as a target
 * may be: what it does not expect is an {@link AssertionError}.
 */
public final class ModelSession {

  /** What the test makes of commands. */
  public interface Script {
    /** How a command is answered instead of by the disk, or null. */
    default Result instead(byte[] cdb) {
      return null;
    }

    /** Whether a command is left without an answer. */
    default boolean isStuck(byte[] cdb) {
      return false;
    }
  }

  /**
   * What the target is like.
   *
   * @param segment MaxRecvDataSegmentLength, and the longest Data-In, in bytes
   * @param burst MaxBurstLength in bytes
   * @param window commands that it takes at once
   * @param redirect portal that every login is sent to, "itself", or null
   */
  public record Settings(
      String digest, String initialR2T, int segment, int burst, int window, String redirect) {
    public static Settings plain() {
      return new Settings("None", "Yes", 4096, 8192, 32, null);
    }

    public Settings withDigests() {
      return new Settings("CRC32C", initialR2T, segment, burst, window, redirect);
    }

    public Settings withUnsolicitedData() {
      return new Settings(digest, "No", segment, burst, window, redirect);
    }

    public Settings withRedirect(String portal) {
      return new Settings(digest, initialR2T, segment, burst, window, portal);
    }
  }

  private static final class Task {
    final byte[] cdb = new byte[16];
    final int itt;
    final ByteBuffer out;
    int burstEnd;

    Task(Pdu command, int length) {
      command.bhs().get(32, cdb);
      itt = command.itt();
      out = ByteBuffer.allocate(length);
    }
  }

  private final Settings settings;
  private final ModelDisk disk;
  private final Script script;
  private final Map<Integer, Task> tasks = new HashMap<>();
  private final List<Pdu> answers = new ArrayList<>();
  private int statSn = 0x7fff_fff0;
  private int expCmdSn = -1;
  private int initiatorSegment = 8192;
  private boolean headerDigest;
  private boolean dataDigest;
  private boolean fullFeature;
  private boolean ended;

  public ModelSession(Settings settings, ModelDisk disk, Script script) {
    this.settings = settings;
    this.disk = disk;
    this.script = script;
  }

  public boolean headerDigest() {
    return fullFeature && headerDigest;
  }

  public boolean dataDigest() {
    return fullFeature && dataDigest;
  }

  public boolean isEnded() {
    return ended;
  }

  /** Takes a PDU; what it answers. */
  public List<Pdu> receive(Pdu pdu) {
    answers.clear();
    if (pdu.opcode() == Opcode.SCSI_COMMAND) {
      if (Bhs.cmdSn(pdu.bhs()) != expCmdSn++) {
        throw new AssertionError("CmdSN " + Bhs.cmdSn(pdu.bhs()) + " instead of " + (expCmdSn - 1));
      }
    }
    switch (pdu.opcode()) {
      case Opcode.LOGIN_REQUEST -> login(pdu);
      case Opcode.SCSI_COMMAND -> command(pdu);
      case Opcode.DATA_OUT -> data(pdu);
      case Opcode.NOP_OUT -> ping(pdu);
      case Opcode.TASK_MANAGEMENT_REQUEST -> manage(pdu);
      case Opcode.LOGOUT_REQUEST -> {
        answer(Pdu.of(Opcode.LOGOUT_RESPONSE, Bhs.FINAL), pdu.itt(), true);
        ended = true;
      }
      default -> throw new AssertionError("opcode " + pdu.opcode());
    }
    return List.copyOf(answers);
  }

  /** A PDU that the target sends of itself. */
  public Pdu unasked(Pdu pdu, boolean takesStatSn) {
    answers.clear();
    answer(pdu, Bhs.RESERVED_TAG, takesStatSn);
    return answers.get(0);
  }

  private void answer(Pdu pdu, int itt, boolean takesStatSn) {
    pdu.bhs().putInt(16, itt).putInt(24, takesStatSn ? statSn++ : statSn);
    pdu.bhs().putInt(28, expCmdSn).putInt(32, expCmdSn + settings.window - 1);
    answers.add(pdu);
  }

  private void login(Pdu request) {
    ByteBuffer bhs = request.bhs();
    Map<String, String> offers = new LinkedHashMap<>();
    try {
      TextParameters.decode(request.data()).forEach(p -> offers.put(p.key(), p.value()));
    } catch (ProtocolException e) {
      throw new AssertionError(e);
    }
    if (expCmdSn == -1) {
      expCmdSn = Bhs.cmdSn(bhs);
    }
    Pdu response = Pdu.of(Opcode.LOGIN_RESPONSE, Bhs.flags(bhs));
    response.bhs().putShort(8, bhs.getShort(8)).putInt(10, bhs.getInt(10)).putShort(14, (short) 1);
    if (settings.redirect != null) {
      response.bhs().put(1, (byte) 0).put(36, (byte) 1).put(37, (byte) 1);
      answer(response.withText("TargetAddress=" + settings.redirect), request.itt(), true);
      return;
    }
    List<String> keys = new ArrayList<>();
    offers.forEach((key, value) -> reply(key, value, keys));
    answer(
        keys.isEmpty() ? response : response.withText(keys.toArray(new String[0])),
        request.itt(),
        true);
    fullFeature = LoginPdu.transit(bhs) && LoginPdu.nsg(bhs) == LoginPdu.FULL_FEATURE_PHASE;
  }

  private void reply(String key, String value, List<String> keys) {
    switch (key) {
      case "InitiatorName", "SessionType" -> {}
      case "TargetName" -> keys.add("TargetPortalGroupTag=1");
      case "AuthMethod" -> keys.add("AuthMethod=None");
      case "HeaderDigest", "DataDigest" -> {
        String chosen =
            List.of(value.split(",")).contains(settings.digest) ? settings.digest : "None";
        headerDigest |= key.startsWith("Header") && chosen.equals("CRC32C");
        dataDigest |= key.startsWith("Data") && chosen.equals("CRC32C");
        keys.add(key + "=" + chosen);
      }
      case "MaxRecvDataSegmentLength" -> {
        initiatorSegment = Integer.parseInt(value);
        keys.add(key + "=" + settings.segment);
      }
      case "InitialR2T" -> keys.add(key + "=" + settings.initialR2T);
      case "MaxBurstLength", "FirstBurstLength" ->
          keys.add(key + "=" + Math.min(settings.burst, Integer.parseInt(value)));
      case "MaxOutstandingR2T" -> keys.add(key + "=1");
      default -> keys.add(key + "=" + value);
    }
  }

  private void command(Pdu pdu) {
    boolean write = (Bhs.flags(pdu.bhs()) & 0x20) != 0;
    Task task = new Task(pdu, write ? pdu.bhs().getInt(20) : 0);
    tasks.put(task.itt, task);
    task.out.put(pdu.data());
    if (write && !Bhs.isFinal(pdu.bhs())) {
      return; // unsolicited data follow
    }
    goOn(task, write ? 0 : pdu.bhs().getInt(20));
  }

  private void data(Pdu pdu) {
    Task task = tasks.get(pdu.itt());
    if (task == null) {
      return; // aborted
    }
    if (pdu.bhs().getInt(40) != task.out.position()) {
      throw new AssertionError("data at " + pdu.bhs().getInt(40) + ", not " + task.out.position());
    }
    task.out.put(pdu.data());
    if (Bhs.isFinal(pdu.bhs())) {
      goOn(task, 0);
    }
  }

  private void goOn(Task task, int expected) {
    if (task.out.hasRemaining()) {
      int length = Math.min(task.out.remaining(), settings.burst);
      Pdu r2t = Pdu.of(Opcode.R2T, Bhs.FINAL);
      r2t.bhs().putInt(20, 0x77).putInt(40, task.out.position()).putInt(44, length);
      answer(r2t, task.itt, false);
      return;
    }
    if (script.isStuck(task.cdb)) {
      return;
    }
    tasks.remove(task.itt);
    Result result = script.instead(task.cdb);
    if (result == null) {
      result = disk.execute(task.cdb, task.out.array());
    }
    int length = Math.min(expected, result.dataIn().length);
    int segment = Math.min(initiatorSegment, settings.segment);
    for (int at = 0, sn = 0; at < length; sn++) {
      int end = Math.min(length, at + segment);
      Pdu in = Pdu.of(Opcode.DATA_IN, end == length ? Bhs.FINAL : 0);
      in.bhs().putInt(20, Bhs.RESERVED_TAG).putInt(36, sn).putInt(40, at);
      answer(in.withData(java.util.Arrays.copyOfRange(result.dataIn(), at, end)), task.itt, false);
      at = end;
    }
    int residual = expected - length;
    Pdu response = Pdu.of(Opcode.SCSI_RESPONSE, Bhs.FINAL | (residual > 0 ? 2 : 0));
    response.bhs().put(3, (byte) result.status()).putInt(44, Math.max(0, residual));
    if (result.sense().length > 0) {
      byte[] sense = new byte[2 + result.sense().length];
      sense[1] = (byte) result.sense().length;
      System.arraycopy(result.sense(), 0, sense, 2, result.sense().length);
      response = response.withData(sense);
    }
    answer(response, task.itt, true);
  }

  private void ping(Pdu pdu) {
    if (pdu.itt() != Bhs.RESERVED_TAG) {
      Pdu pong = Pdu.of(Opcode.NOP_IN, Bhs.FINAL);
      pong.bhs().putInt(20, Bhs.RESERVED_TAG);
      answer(pong, pdu.itt(), true);
    }
  }

  private void manage(Pdu pdu) {
    boolean there = tasks.remove(Bhs.targetTransferTag(pdu.bhs())) != null;
    Pdu response = Pdu.of(Opcode.TASK_MANAGEMENT_RESPONSE, Bhs.FINAL);
    response.bhs().put(2, (byte) (there ? 0 : 1));
    answer(response, pdu.itt(), true);
  }
}
