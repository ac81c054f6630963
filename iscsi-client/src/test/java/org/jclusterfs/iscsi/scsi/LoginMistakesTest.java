package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.LoginPeer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each way to fail to log in gives one line that says who refused what and what to check. */
class LoginMistakesTest {

  private static final String CHAP_IQN = "iqn.2026-01.com.example:chap";
  private static final String MUTUAL_IQN = "iqn.2026-01.com.example:mutual";

  @TempDir static Path directory;
  private static TgtdTarget target;

  @BeforeAll
  static void startTarget() throws Exception {
    target = TgtdTarget.start(directory);
    target.addTarget(2, CHAP_IQN);
    target.requireChap(2, "user", "secretsecret1");
    target.addTarget(3, MUTUAL_IQN);
    target.requireChap(3, "user3", "secretsecret3");
    target.requireMutualChap(3, "disk", "targetsecret3");
  }

  @AfterAll
  static void stopTarget() throws Exception {
    target.close();
  }

  private static InitiatorOptions options(ChapCredentials chap) {
    return TgtdContractTest.OPTIONS
        .withChap(chap)
        .withTimeouts(
            Duration.ofSeconds(2),
            Duration.ofSeconds(20),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5));
  }

  private static IscsiUrl url(String iqn, Portal... portals) {
    return new IscsiUrl(null, List.of(portals), List.of(iqn), 1);
  }

  private static IscsiException refused(IscsiUrl url, ChapCredentials chap, String... words) {
    IscsiException e =
        assertThrows(IscsiException.class, () -> Lun.open(options(chap), url).close());
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), "'" + word + "' is not in: " + e.getMessage());
    }
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    System.out.println(e.getMessage());
    return e;
  }

  private IscsiException refused(String iqn, ChapCredentials chap, String... words) {
    return refused(url(iqn, target.portal()), chap, words);
  }

  @Test
  void unknownTargetIsNamedWithItsStatus() {
    IscsiException e =
        refused(
            "iqn.2026-01.com.example:nosuch",
            null,
            "iqn.2026-01.com.example:nosuch",
            "no such target",
            "0203",
            target.portal().toString(),
            "iscsi discover");
    assertEquals(3, assertInstanceOf(LoginException.class, e).statusDetail());
  }

  /** tgtd tells it as if there were no such target. */
  @Test
  void initiatorThatIsNotInTheAccessListIsNamed() throws Exception {
    String hidden = "iqn.2026-01.com.example:hidden";
    String bind = "--mode target --op %s --tid 4 --initiator-%s";
    target.addTarget(4, hidden);
    target.admin((bind.formatted("unbind", "address") + " ALL").split(" "));
    target.admin((bind.formatted("bind", "name") + " iqn.2026-01.com.example:friend").split(" "));
    refused(hidden, null, hidden, "0203", "iqn.2026-01.com.example.client:test", "access list");
  }

  @Test
  void missingSecretIsNamed() {
    refused(CHAP_IQN, null, "CHAP", "secrets file");
  }

  @Test
  void wrongSecretIsRefusedWithItsStatus() {
    refused(
        CHAP_IQN,
        ChapCredentials.oneWay("user", "wrongwrong12"),
        "authentication of CHAP user 'user' failed",
        "0201",
        "secret");
  }

  @Test
  void rightSecretLogsInThoughTheTargetKnowsMd5Only() throws Exception {
    ChapCredentials chap = ChapCredentials.oneWay("user", "secretsecret1");
    Lun.open(options(chap), url(CHAP_IQN, target.portal())).close();
  }

  @Test
  void mutualSecretsLogIn() throws Exception {
    ChapCredentials chap = new ChapCredentials("user3", "secretsecret3", "disk", "targetsecret3");
    Lun.open(options(chap), url(MUTUAL_IQN, target.portal())).close();
  }

  @Test
  void targetThatProvesItselfWronglyIsLeft() {
    refused(
        MUTUAL_IQN,
        new ChapCredentials("user3", "secretsecret3", "disk", "othersecret33"),
        "impostor",
        "mutual");
  }

  @Test
  void targetWithoutChapCannotProveItself() {
    refused(
        TgtdTarget.IQN,
        new ChapCredentials("user3", "secretsecret3", "disk", "targetsecret3"),
        "0201",
        "before it asked for a secret",
        "secrets file");
  }

  @Test
  void secretForATargetThatWantsNoneDoesNoHarm() throws Exception {
    ChapCredentials chap = ChapCredentials.oneWay("user", "secretsecret1");
    Lun.open(options(chap), url(TgtdTarget.IQN, target.portal())).close();
  }

  @Test
  void missingLunIsNamed() {
    refused(
        new IscsiUrl(null, List.of(target.portal()), List.of(TgtdTarget.IQN), 7),
        null,
        "LUN 7",
        TgtdTarget.IQN,
        target.portal().toString(),
        "iscsi luns");
  }

  @Test
  void controllerLunIsNoDisk() {
    refused(
        new IscsiUrl(null, List.of(target.portal()), List.of(TgtdTarget.IQN), 0),
        null,
        "LUN 0",
        "no disk");
  }

  @Test
  void refusedConnectionIsNamed() throws Exception {
    Portal portal = new Portal("127.0.0.1", TgtdTarget.freePort());
    refused(url(TgtdTarget.IQN, portal), null, portal.toString(), "refused the connection");
  }

  @Test
  void nextPortalIsTriedWhereOneRefuses() throws Exception {
    Portal dead = new Portal("127.0.0.1", TgtdTarget.freePort());
    Lun.open(options(null), url(TgtdTarget.IQN, dead, target.portal())).close();
  }

  @Test
  void unknownNameIsNamed() {
    refused(url(TgtdTarget.IQN, new Portal("nosuchhost.invalid", 3260)), null, "nosuchhost");
  }

  @Test
  void silentPeerIsNamed() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Portal portal = new Portal("127.0.0.1", silent.getLocalPort());
      refused(url(TgtdTarget.IQN, portal), null, portal.toString(), "silent");
    }
  }

  /** As a firewall that drops packets: a listener whose queue is full answers no SYN. */
  @Test
  void portalThatDropsPacketsIsNamed() throws Exception {
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Portal portal = new Portal("127.0.0.1", full.getLocalPort());
      List<Socket> queue = new ArrayList<>();
      try {
        for (int i = 0; i < 4; i++) {
          Socket socket = new Socket();
          queue.add(socket);
          try {
            socket.connect(new InetSocketAddress("127.0.0.1", portal.port()), 200);
          } catch (SocketTimeoutException dropped) {
            break;
          }
        }
        refused(
            url(TgtdTarget.IQN, portal), null, portal.toString(), "does not answer", "firewall");
      } finally {
        for (Socket socket : queue) {
          socket.close();
        }
      }
    }
  }

  private interface Answer {
    void to(Socket socket) throws IOException;
  }

  /** A peer that answers each connection as no target does. */
  private static void stranger(Answer answer, String... words) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread thread =
          new Thread(
              () -> {
                while (!server.isClosed()) {
                  try (Socket socket = server.accept()) {
                    answer.to(socket);
                  } catch (IOException expected) {
                    // the test ends it
                  }
                }
              });
      thread.start();
      Portal portal = new Portal("127.0.0.1", server.getLocalPort());
      refused(url(TgtdTarget.IQN, portal), null, words);
      server.close();
      thread.join();
    }
  }

  /** Says its piece and waits for more, as servers do that were not understood. */
  private static Answer says(byte[] bytes) {
    return socket -> {
      socket.getOutputStream().write(bytes);
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    };
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void portalThatHangsUpAtFirstIsAskedAgain() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 2; i++) {
                    try (Socket busy = server.accept()) {
                      busy.getInputStream().readNBytes(48);
                    }
                  }
                  passOn(server.accept());
                } catch (IOException e) {
                  e.printStackTrace();
                }
              });
      thread.start();
      Portal portal = new Portal("127.0.0.1", server.getLocalPort());
      Lun.open(options(null), url(TgtdTarget.IQN, portal)).close();
      thread.join();
    }
  }

  private static void passOn(Socket near) throws IOException {
    try (near;
        Socket far = new Socket(target.portal().host(), target.portal().port())) {
      Thread back =
          new Thread(
              () -> {
                try {
                  far.getInputStream().transferTo(near.getOutputStream());
                  near.shutdownOutput();
                } catch (IOException ended) {
                  // so has the other direction
                }
              });
      back.start();
      near.getInputStream().transferTo(far.getOutputStream());
      far.shutdownOutput();
      back.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void webServerIsRecognised() throws Exception {
    byte[] text = ascii("HTTP/1.1 400 Bad Request\r\nServer: x\r\nContent-Length: 0\r\n\r\n");
    stranger(
        socket -> {
          socket.getInputStream().readNBytes(48);
          socket.getOutputStream().write(text);
        },
        "web server");
    stranger(says(text), "web server");
  }

  @Test
  void tlsServerIsRecognised() throws Exception {
    stranger(says(new byte[] {0x15, 3, 3, 0, 2, 2, 70}), "TLS", "3260");
  }

  @Test
  void sshServerIsRecognisedByItsBannerAlone() throws Exception {
    stranger(says(ascii("SSH-2.0-OpenSSH_9.2\r\n")), "SSH server", "3260");
  }

  /** Its first byte could be that of an Asynchronous Message, its fifth a length. */
  @Test
  void mailServerIsNoTarget() throws Exception {
    stranger(
        says(ascii("220 mail.example.com ESMTP ready, at your service since 1998\r\n")), "220");
  }

  @Test
  void bytesThatMeanNothingAreNoTarget() throws Exception {
    stranger(says(new byte[64]), "no iSCSI PDU");
  }

  @Test
  void closedConnectionSuggestsChap() throws Exception {
    stranger(
        socket -> {
          socket.getInputStream().readNBytes(48);
          socket.getInputStream().skipNBytes(socket.getInputStream().available());
        },
        "closed the connection",
        TgtdTarget.IQN,
        "CHAP");
  }

  @Test
  void connectionThatIsClosedBeforeAnythingIsSaidIsToldAsThat() throws Exception {
    stranger(socket -> {}, "closed the connection", TgtdTarget.IQN);
  }

  @Test
  void connectionThatIsResetAtOnceIsToldAsThat() throws Exception {
    // Whether that is seen while connecting or just after it is chance.
    stranger(socket -> socket.setSoLinger(true, 0), "the connection", "check that this is");
  }

  @Test
  void redirectionToADeadPortalNamesWhoRedirects() throws Exception {
    Portal dead = new Portal("127.0.0.1", TgtdTarget.freePort());
    try (LoginPeer peer =
        new LoginPeer((round, keys) -> LoginPeer.refused(0x0101, "TargetAddress=" + dead))) {
      refused(
          url(TgtdTarget.IQN, peer.portal()),
          null,
          TgtdTarget.IQN + " at " + peer.portal() + " redirects to " + dead,
          "refused the connection");
    }
  }

  @Test
  void redirectWithoutEndIsNamedWithItsCode() throws Exception {
    AtomicReference<LoginPeer> second = new AtomicReference<>();
    try (LoginPeer first =
            new LoginPeer(
                (round, keys) ->
                    LoginPeer.refused(0x0101, "TargetAddress=" + second.get().portal() + ",1"));
        LoginPeer back =
            new LoginPeer(
                (round, keys) -> LoginPeer.refused(0x0101, "TargetAddress=" + first.portal()))) {
      second.set(back);
      refused(
          url(TgtdTarget.IQN, first.portal()),
          null,
          TgtdTarget.IQN,
          first.portal().toString(),
          "redirects",
          "0101");
      assertTrue(first.connections() + back.connections() <= 5);
    }
  }

  @Test
  void redirectIsFollowedToTheTarget() throws Exception {
    try (LoginPeer first =
        new LoginPeer(
            (round, keys) ->
                LoginPeer.refused(0x0101, "TargetAddress=" + target.portal() + ",1"))) {
      Lun.open(options(null), url(TgtdTarget.IQN, first.portal())).close();
    }
  }
}
