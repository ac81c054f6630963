package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The targets that every other test of this module stands on. */
class TargetTest {

  @ParameterizedTest
  @EnumSource(names = {"TGTD", "LIO"})
  void startedTargetListsItselfToADiscoverySession(Target.Kind kind) throws IOException {
    try (Target target = Target.start(kind, "64M")) {
      System.out.println(kind + " serves " + target.device());
      String iqn = URI.create(target.device()).getPath().split("/")[1];
      assertTrue(discover(target, target.initiator(0)).contains("TargetName=" + iqn));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"TGTD", "LIO"})
  void targetComesBackUnderTheSameDeviceString(Target.Kind kind) throws IOException {
    try (Target target = Target.start(kind, "64M")) {
      String before = target.device();
      target.stop();
      assertFalse(isListening(before), before + " listens after it was stopped");
      target.startAgain();
      assertEquals(before, target.device());
      assertTrue(isListening(before));
    }
  }

  @Test
  void secondStartInOneDirectoryIsRefused() {
    try (Target target = Target.start(Target.Kind.TGTD, "64M")) {
      String message = assertThrows(IllegalStateException.class, target::startAgain).getMessage();
      assertTrue(message.contains("one runs in"), message);
    }
  }

  private static boolean isListening(String device) {
    try (Socket socket = new Socket()) {
      socket.connect(address(device), 5000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static InetSocketAddress address(String device) {
    URI uri = URI.create(device);
    return new InetSocketAddress(uri.getHost(), uri.getPort());
  }

  /**
   * Logs in to a discovery session and asks SendTargets=All, by hand (RFC 7143, 11.12 and 11.10): a
   * check that does not stand on the initiator under test.
   */
  private static String discover(Target target, String initiator) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(address(target.device()), 5000);
      socket.setSoTimeout(10_000);
      String keys =
          "InitiatorName="
              + initiator
              + "\0SessionType=Discovery\0HeaderDigest=None\0DataDigest=None\0"
              // LIO takes the default for 0 and then has no room for an answer.
              + "MaxRecvDataSegmentLength=8192\0";
      // Immediate, in one turn from operational negotiation to full feature phase.
      ByteBuffer login = request(0x43, 0x87, keys, 0);
      login.putInt(8, 0x80123456).putShort(12, (short) 1); // ISID
      ByteBuffer answer = exchange(socket, login);
      assertEquals(0x23, answer.get(0) & 0x3F, "opcode of the answer to a login");
      assertEquals(0, answer.getShort(36), "login status");
      assertEquals(0x87, answer.get(1) & 0xFF, "login stage reached");
      int statSn = answer.getInt(24) + 1;
      ByteBuffer text = request(0x44, 0x80, "SendTargets=All\0", statSn);
      text.putInt(20, 0xFFFFFFFF); // target transfer tag: a new request
      answer = exchange(socket, text);
      assertEquals(0x24, answer.get(0) & 0x3F, "opcode of the answer to a text request");
      return StandardCharsets.UTF_8.decode(answer.position(48)).toString();
    }
  }

  private static ByteBuffer request(int opcode, int flags, String keys, int expectedStatSn) {
    byte[] text = keys.getBytes(StandardCharsets.UTF_8);
    ByteBuffer pdu = ByteBuffer.allocate(48 + (text.length + 3) / 4 * 4);
    pdu.put(0, (byte) opcode).put(1, (byte) flags);
    pdu.putInt(4, text.length);
    pdu.putInt(16, 7); // initiator task tag
    pdu.putInt(24, 1); // CmdSN
    pdu.putInt(28, expectedStatSn);
    return pdu.put(48, text);
  }

  private static ByteBuffer exchange(Socket socket, ByteBuffer request) throws IOException {
    socket.getOutputStream().write(request.array());
    byte[] header = socket.getInputStream().readNBytes(48);
    assertEquals(48, header.length, "the target closed the connection");
    int length = ByteBuffer.wrap(header).getInt(4) & 0xFFFFFF;
    byte[] data = socket.getInputStream().readNBytes((length + 3) / 4 * 4);
    return ByteBuffer.allocate(48 + length).put(header).put(data, 0, length).rewind();
  }
}
