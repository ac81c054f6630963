package org.jclusterfs.iscsi.login;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.Opcode;
import org.junit.jupiter.api.Test;

/** Logins with a scripted target. */
class LoginNegotiationTest {

  private static final InitiatorOptions OPTIONS =
      InitiatorOptions.of("iqn.2026-01.com.example.client:x");
  private static final int T = 0x80;
  private static final int C = 0x40;
  private static final int SECURITY_TO_OPERATIONAL = 0x01;
  private static final int OPERATIONAL_TO_FULL = 0x07;

  private static LoginNegotiation login(ChapCredentials chap) {
    return new LoginNegotiation(
        OPTIONS.withChap(chap),
        "iqn.2026-01.com.example:t",
        new Portal("h", 3260),
        List.of(ChapAlgorithm.values()),
        new Random(1));
  }

  private static ByteBuffer bhs(int flags, int status, int statSn) {
    return Bhs.allocate()
        .put(0, (byte) Opcode.LOGIN_RESPONSE)
        .put(1, (byte) flags)
        .putInt(24, statSn)
        .putInt(32, 64)
        .put(36, (byte) (status >> 8))
        .put(37, (byte) status);
  }

  private static ByteBuffer text(String... pairs) {
    return StandardCharsets.UTF_8.encode(pairs.length == 0 ? "" : String.join("\0", pairs) + "\0");
  }

  private static String sent(LoginStep step) {
    ByteBuffer data = assertInstanceOf(LoginStep.Send.class, step).text().duplicate();
    return StandardCharsets.UTF_8.decode(data).toString().replace('\0', ' ');
  }

  private static int flags(LoginStep step) {
    return Bhs.flags(assertInstanceOf(LoginStep.Send.class, step).bhs());
  }

  @Test
  void plainLoginWithEmptyRoundsAndUnknownKeysGetsThrough() throws Exception {
    LoginNegotiation login = login(null);
    LoginStep step = login.start();
    assertTrue(sent(step).contains("AuthMethod=None"));
    assertEquals(T | SECURITY_TO_OPERATIONAL, flags(step));
    step = login.onResponse(bhs(0, 0, 5), text("TargetPortalGroupTag=3"));
    assertEquals("", sent(step));
    step = login.onResponse(bhs(T | SECURITY_TO_OPERATIONAL, 0, 6), text("AuthMethod=None"));
    assertTrue(sent(step).contains("InitialR2T=No"));
    assertEquals(T | OPERATIONAL_TO_FULL, flags(step));
    step = login.onResponse(bhs(4, 0, 7), text("X-com.example.y=1", "IFMarker=No"));
    assertEquals("X-com.example.y=NotUnderstood IFMarker=NotUnderstood ", sent(step));
    step = login.onResponse(bhs(4 | C, 0, 8), text("HeaderDigest=CRC32C", "InitialR2T=Yes"));
    assertEquals("", sent(step));
    step =
        login.onResponse(
            bhs(T | OPERATIONAL_TO_FULL, 0, 9),
            text(
                "DataDigest=None",
                "ImmediateData=No",
                "MaxBurstLength=65536",
                "FirstBurstLength=Reject",
                "MaxOutstandingR2T=4",
                "MaxRecvDataSegmentLength=0x10000"));
    NegotiatedParameters agreed = assertInstanceOf(LoginStep.Done.class, step).parameters();
    assertTrue(agreed.headerDigest());
    assertFalse(agreed.dataDigest());
    assertTrue(agreed.initialR2T());
    assertFalse(agreed.immediateData());
    assertEquals(65536, agreed.maxBurstLength());
    assertEquals(65536, agreed.firstBurstLength());
    assertEquals(4, agreed.maxOutstandingR2T());
    assertEquals(65536, agreed.maxSendDataSegmentLength());
    assertEquals(3, agreed.targetPortalGroupTag());
    assertEquals(10, agreed.expStatSn());
  }

  @Test
  void chapAnswersTheChallengeAndChecksTheTarget() throws Exception {
    LoginNegotiation login =
        login(new ChapCredentials("u", "initiatorsecret", "t", "targetsecret1"));
    assertTrue(sent(login.start()).contains("AuthMethod=CHAP "));
    LoginStep step = login.onResponse(bhs(0, 0, 1), text("AuthMethod=CHAP"));
    assertEquals("CHAP_A=8,7,6,5 ", sent(step));
    step =
        login.onResponse(
            bhs(0, 0, 2),
            text("CHAP_A=7", "CHAP_I=9", "CHAP_C=0x00112233445566778899aabbccddeeff"));
    String answer = sent(step);
    String response =
        HexFormat.of()
            .formatHex(
                ChapAlgorithm.SHA256.response(
                    9,
                    "initiatorsecret",
                    HexFormat.of().parseHex("00112233445566778899aabbccddeeff")));
    assertTrue(answer.contains("CHAP_N=u CHAP_R=0x" + response), answer);
    int identifier = Integer.parseInt(answer.replaceAll(".*CHAP_I=([0-9]+).*", "$1"));
    byte[] challenge = HexFormat.of().parseHex(answer.replaceAll(".*CHAP_C=0x([0-9a-f]+).*", "$1"));
    String proof =
        HexFormat.of()
            .formatHex(ChapAlgorithm.SHA256.response(identifier, "targetsecret1", challenge));
    step =
        login.onResponse(
            bhs(T | SECURITY_TO_OPERATIONAL, 0, 3), text("CHAP_N=t", "CHAP_R=0x" + proof));
    assertEquals(T | OPERATIONAL_TO_FULL, flags(step));
  }

  @Test
  void targetThatSkipsMutualChapIsRefused() throws Exception {
    LoginNegotiation login =
        login(new ChapCredentials("u", "initiatorsecret", "t", "targetsecret1"));
    login.start();
    assertThrows(
        LoginException.class,
        () -> login.onResponse(bhs(T | SECURITY_TO_OPERATIONAL, 0, 1), text("AuthMethod=None")));
  }

  /** As istgt answers where it wants CHAP. */
  @Test
  void authMethodThatIsRejectedIsToldInWords() {
    LoginNegotiation plain = login(null);
    plain.start();
    String message =
        assertThrows(
                LoginException.class,
                () -> plain.onResponse(bhs(0, 0, 1), text("AuthMethod=Reject")))
            .getMessage();
    assertTrue(message.contains("without authentication, and the secrets file"), message);
    LoginNegotiation mutual =
        login(new ChapCredentials("u", "initiatorsecret", "t", "targetsecret1"));
    mutual.start();
    message =
        assertThrows(
                LoginException.class,
                () -> mutual.onResponse(bhs(0, 0, 1), text("AuthMethod=Reject")))
            .getMessage();
    assertTrue(message.contains("does not do CHAP, so it cannot prove itself"), message);
  }

  @Test
  void responsesMatchKnownHashes() {
    // RFC 1994: MD5 of identifier, secret, challenge; values computed with md5sum and sha*sum
    byte[] challenge = "challenge".getBytes(StandardCharsets.US_ASCII);
    assertArrayEquals(
        HexFormat.of().parseHex("34e892f522562971aba340caf9a434d6"),
        ChapAlgorithm.MD5.response('a', "secret", challenge));
    assertArrayEquals(
        HexFormat.of().parseHex("356594332c17855801f7ede441e3c80f572e4daa"),
        ChapAlgorithm.SHA1.response('a', "secret", challenge));
    assertArrayEquals(
        HexFormat.of().parseHex("c42797017bda39f1c2fc18caba0217dd87657f96467a87b0697e9365e6d4ecd7"),
        ChapAlgorithm.SHA256.response('a', "secret", challenge));
    assertArrayEquals(
        HexFormat.of().parseHex("3fe20fa13c15b6781ad2d414edd89166219645ebcf5d0f3d5f33e3d806337c42"),
        ChapAlgorithm.SHA3_256.response('a', "secret", challenge));
  }

  @Test
  void redirectNamesThePortal() throws Exception {
    LoginNegotiation login = login(null);
    login.start();
    LoginStep step = login.onResponse(bhs(0, 0x0101, 1), text("TargetAddress=[::1]:3261,1"));
    assertEquals(new LoginStep.Redirect(new Portal("::1", 3261)), step);
  }

  @Test
  void refusalsCarryTheirCode() {
    for (int status : new int[] {0x0200, 0x0201, 0x0202, 0x0203, 0x0208, 0x0300, 0x0301, 0x0302}) {
      LoginNegotiation login = login(null);
      login.start();
      LoginException e =
          assertThrows(LoginException.class, () -> login.onResponse(bhs(0, status, 1), null));
      assertTrue(e.getMessage().contains(String.format("%04x", status)), e.getMessage());
      assertEquals(status, e.statusClass() << 8 | e.statusDetail());
    }
  }

  @Test
  void loginThatIsRejectedAsAPduIsTold() {
    LoginNegotiation login = login(null);
    login.start();
    ByteBuffer reject = Bhs.allocate().put(0, (byte) Opcode.REJECT).put(2, (byte) 9);
    String message =
        assertThrows(ProtocolException.class, () -> login.onResponse(reject, null)).getMessage();
    assertTrue(message.contains("Reject, reason 0x09"), message);
  }

  @Test
  void targetThatAsksForEverIsLeft() throws Exception {
    LoginNegotiation login = login(null);
    login.start();
    assertThrows(
        ProtocolException.class,
        () -> {
          for (int i = 0; i < 1000; i++) {
            login.onResponse(bhs(C, 0, i), text("A=b"));
          }
        });
  }

  @Property(tries = 20000)
  void anyTextGivesAStepOrATypedFailure(
      @ForAll @Size(max = 4) List<@Size(max = 60) byte[]> texts, @ForAll int flags) {
    LoginNegotiation login = login(ChapCredentials.oneWay("u", "initiatorsecret"));
    login.start();
    try {
      for (int i = 0; i < texts.size(); i++) {
        byte[] known =
            (i == 0 ? "AuthMethod=CHAP\0" : "CHAP_A=5\0CHAP_I=1\0CHAP_C=0x01\0MaxBurstLength=")
                .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer all = ByteBuffer.allocate(known.length + texts.get(i).length);
        all.put(known).put(texts.get(i)).flip();
        login.onResponse(bhs(flags >> 8 * i, 0, i), all);
      }
    } catch (IscsiException expected) {
      // the typed one
    }
  }
}
