package org.jclusterfs.iscsi.login;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.session.LoginTrial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** CHAP over a real socket with a target that does what no target at hand does. */
class ChapLoginTest {

  private static final String IQN = "iqn.2026-01.com.example:t";
  private static final String SECRET = "initiatorsecret";
  private static final String TARGET_SECRET = "targetsecret1";
  private static final ChapCredentials ONE_WAY = ChapCredentials.oneWay("u", SECRET);
  private static final ChapCredentials MUTUAL =
      new ChapCredentials("u", SECRET, "t", TARGET_SECRET);
  private static final byte[] CHALLENGE = HexFormat.of().parseHex("00112233445566778899aabbccddee");

  private static LoginTrial.Result login(ChapCredentials chap, LoginPeer peer) throws Exception {
    return login(chap, peer, LoginObserver.NONE);
  }

  private static LoginTrial.Result login(
      ChapCredentials chap, LoginPeer peer, LoginObserver observer) throws Exception {
    InitiatorOptions options =
        InitiatorOptions.of("iqn.2026-01.com.example.client:x").withChap(chap);
    return LoginTrial.run(options, IQN, peer.portal(), observer);
  }

  /** A target that knows one algorithm, checks the initiator and proves itself where asked. */
  private static LoginPeer.Script target(ChapAlgorithm only) {
    return (round, keys) -> {
      switch (round) {
        case 0:
          return LoginPeer.stay("AuthMethod=CHAP");
        case 1:
          return Set.of(keys.get("CHAP_A").split(",")).contains("" + only.code())
              ? LoginPeer.stay(
                  "CHAP_A=" + only.code(),
                  "CHAP_I=7",
                  "CHAP_C=0x" + HexFormat.of().formatHex(CHALLENGE))
              : LoginPeer.refused(0x0200);
        case 2:
          return verdict(only, keys);
        default:
          return LoginPeer.done();
      }
    };
  }

  private static LoginPeer.Reply verdict(ChapAlgorithm only, Map<String, String> keys) {
    String expected = "0x" + HexFormat.of().formatHex(only.response(7, SECRET, CHALLENGE));
    if (!keys.get("CHAP_N").equals("u") || !keys.get("CHAP_R").equals(expected)) {
      return LoginPeer.refused(0x0201);
    }
    if (!keys.containsKey("CHAP_C")) {
      return LoginPeer.secured();
    }
    byte[] challenge = HexFormat.of().parseHex(keys.get("CHAP_C").substring(2));
    byte[] proof = only.response(Integer.parseInt(keys.get("CHAP_I")), TARGET_SECRET, challenge);
    return LoginPeer.secured("CHAP_N=t", "CHAP_R=0x" + HexFormat.of().formatHex(proof));
  }

  @ParameterizedTest
  @EnumSource
  void targetThatKnowsOneAlgorithmIsLoggedInToByIt(ChapAlgorithm only) throws Exception {
    try (LoginPeer peer = new LoginPeer(target(only))) {
      assertEquals("CHAP with " + only + ", one-way", login(ONE_WAY, peer).authentication());
      assertEquals("CHAP with " + only + ", mutual", login(MUTUAL, peer).authentication());
      assertEquals(2, peer.connections());
    }
  }

  @Test
  void targetThatRefusesTheListOfAlgorithmsIsAskedAgainWithMd5Alone() throws Exception {
    LoginPeer.Script md5 = target(ChapAlgorithm.MD5);
    LoginPeer.Script narrow =
        (round, keys) ->
            keys.getOrDefault("CHAP_A", "5").equals("5")
                ? md5.answer(round, keys)
                : LoginPeer.refused(0x0200);
    List<String> steps = new CopyOnWriteArrayList<>();
    try (LoginPeer peer = new LoginPeer(narrow)) {
      LoginTrial.Result result = login(ONE_WAY, peer, (what, keys) -> steps.add(what));
      assertEquals("CHAP with MD5, one-way", result.authentication());
      assertEquals(2, peer.connections());
      assertTrue(steps.stream().anyMatch(step -> step.contains("MD5 alone")), steps.toString());
    }
  }

  @Test
  void wrongSecretIsNotTriedAgainByAWeakerAlgorithm() throws Exception {
    List<Map<String, String>> requests = new CopyOnWriteArrayList<>();
    LoginPeer.Script sha256 = target(ChapAlgorithm.SHA256);
    LoginPeer.Script recording =
        (round, keys) -> {
          requests.add(keys);
          return "None".equals(keys.get("AuthMethod"))
              ? LoginPeer.refused(0x0203)
              : sha256.answer(round, keys);
        };
    try (LoginPeer peer = new LoginPeer(recording)) {
      LoginException e =
          assertThrows(
              LoginException.class,
              () -> login(ChapCredentials.oneWay("u", "anothersecret"), peer));
      assertTrue(e.getMessage().contains("0201") && e.getMessage().contains("'u'"));
      assertEquals(1, requests.stream().filter(keys -> keys.containsKey("CHAP_A")).count());
    }
  }

  /** As LIO: it takes CHAP where that is offered, and then has no secret to compare with. */
  @Test
  void targetThatWantsNoChapIsLoggedInToWithoutInSpiteOfASecret() throws Exception {
    LoginPeer.Script lio =
        (round, keys) ->
            switch (round) {
              case 0 ->
                  keys.get("AuthMethod").equals("None")
                      ? LoginPeer.secured("AuthMethod=None")
                      : LoginPeer.stay("AuthMethod=CHAP");
              case 1 -> keys.containsKey("CHAP_A") ? LoginPeer.refused(0x0201) : LoginPeer.done();
              default -> null;
            };
    try (LoginPeer peer = new LoginPeer(lio)) {
      assertEquals("none", login(ONE_WAY, peer).authentication());
      assertEquals(3, peer.connections());
      LoginException e = assertThrows(LoginException.class, () -> login(MUTUAL, peer));
      assertTrue(e.getMessage().contains("0201"), e.getMessage());
    }
  }

  /** As LIO: it closes the connection where CHAP is not offered. */
  @Test
  void targetThatHangsUpForWantOfChapIsToldApartFromOneThatIsGone() throws Exception {
    LoginPeer.Script lio =
        (round, keys) ->
            keys.get("AuthMethod").equals("None") ? null : LoginPeer.stay("AuthMethod=CHAP");
    try (LoginPeer peer = new LoginPeer(lio)) {
      LoginException e = assertThrows(LoginException.class, () -> login(null, peer));
      assertTrue(e.getMessage().contains("asks for authentication by CHAP"), e.getMessage());
      assertTrue(e.getMessage().contains(IQN + " at " + peer.portal()), e.getMessage());
      assertEquals(3, peer.connections());
    }
  }

  @Test
  void algorithmThatWasNotOfferedIsRefused() throws Exception {
    try (LoginPeer peer =
        new LoginPeer(
            (round, keys) ->
                round == 0
                    ? LoginPeer.stay("AuthMethod=CHAP")
                    : LoginPeer.stay("CHAP_A=9", "CHAP_I=1", "CHAP_C=0x0102030405"))) {
      IscsiException e = assertThrows(IscsiException.class, () -> login(ONE_WAY, peer));
      assertTrue(e.getMessage().contains("algorithm 9"), e.getMessage());
      assertTrue(e.getMessage().contains(peer.portal().toString()), e.getMessage());
    }
  }

  /**
   * An impostor that knows no secret: it keeps the challenge of one login and asks another login to
   * answer it.
   */
  @Test
  void ownChallengeThatComesBackIsNotAnswered() throws Exception {
    Map<String, String> kept = new ConcurrentHashMap<>();
    List<String> answers = new CopyOnWriteArrayList<>();
    LoginPeer.Script impostor =
        (round, keys) -> {
          if (round == 0) {
            return LoginPeer.stay("AuthMethod=CHAP");
          } else if (round == 1) {
            String challenge =
                kept.getOrDefault("CHAP_C", "0x" + HexFormat.of().formatHex(CHALLENGE));
            return LoginPeer.stay("CHAP_A=5", "CHAP_I=1", "CHAP_C=" + challenge);
          }
          kept.put("CHAP_C", keys.get("CHAP_C"));
          answers.add(keys.get("CHAP_R"));
          return LoginPeer.secured("CHAP_N=t", "CHAP_R=0x00112233445566778899aabbccddeeff");
        };
    try (LoginPeer peer = new LoginPeer(impostor)) {
      IscsiException first = assertThrows(IscsiException.class, () -> login(MUTUAL, peer));
      assertTrue(first.getMessage().contains("mutual CHAP, user 't'"), first.getMessage());
      IscsiException second = assertThrows(IscsiException.class, () -> login(MUTUAL, peer));
      assertTrue(second.getMessage().contains("challenge of this initiator"), second.getMessage());
      assertEquals(1, answers.size());
    }
  }

  @Test
  void stepsAreToldWithoutChallengesAndResponses() throws Exception {
    List<String> told = new ArrayList<>();
    try (LoginPeer peer = new LoginPeer(target(ChapAlgorithm.SHA1))) {
      login(MUTUAL, peer, (what, keys) -> told.add(what + " " + keys));
    }
    String all = String.join("\n", told);
    assertTrue(all.contains("connected to 127.0.0.1:"), all);
    assertTrue(all.contains("CHAP_A, value=8,7,6,5"), all);
    assertTrue(all.contains("received, operational negotiation"), all);
    assertFalse(all.contains("0x"), all);
  }
}
