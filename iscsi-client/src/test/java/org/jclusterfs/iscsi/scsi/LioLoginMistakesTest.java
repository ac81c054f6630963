package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.login.LoginObserver;
import org.jclusterfs.iscsi.session.Discovery;
import org.jclusterfs.iscsi.session.LoginTrial;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Login mistakes at the Linux kernel's target, which answers some otherwise than tgtd. */
class LioLoginMistakesTest {

  private static final String INITIATOR = "iqn.2026-01.com.example.client:test";
  private static final String SECRET = "secretsecret1";
  private static final String TARGET_SECRET = "targetsecret1";
  private static final ChapCredentials ONE_WAY = ChapCredentials.oneWay("user", SECRET);
  private static final ChapCredentials MUTUAL =
      new ChapCredentials("user", SECRET, "disk", TARGET_SECRET);

  private static LioTarget target;

  @BeforeAll
  static void startTarget() throws Exception {
    target = LioTarget.start("user " + SECRET + " disk " + TARGET_SECRET, INITIATOR);
  }

  @AfterAll
  static void stopTarget() throws Exception {
    target.close();
  }

  private static InitiatorOptions options(String initiator, ChapCredentials chap) {
    return InitiatorOptions.of(initiator).withChap(chap);
  }

  private static IscsiException refused(
      String initiator, String name, int lun, ChapCredentials chap, String... words) {
    IscsiUrl url = new IscsiUrl(null, List.of(target.portal()), List.of(name), lun);
    IscsiException e =
        assertThrows(IscsiException.class, () -> Lun.open(options(initiator, chap), url).close());
    System.out.println(e.getMessage());
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), "'" + word + "' is not in: " + e.getMessage());
    }
    assertTrue(e.getMessage().contains(name + " at " + target.portal()), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    return e;
  }

  private static String authentication(String name, ChapCredentials chap) throws Exception {
    return LoginTrial.run(options(INITIATOR, chap), name, target.portal(), LoginObserver.NONE)
        .authentication();
  }

  @Test
  void unknownTargetIsNamedWithLiosStatus() {
    IscsiException e = refused(INITIATOR, target.name() + "x", 0, null, "0301", "target's name");
    assertTrue(((LoginException) e).isTransient());
  }

  @Test
  void initiatorThatIsNotInTheAccessListIsNamed() {
    String other = "iqn.2026-01.com.example.client:other";
    refused(other, target.name(), 0, null, "0202", "access list", other);
  }

  @Test
  void missingSecretIsToldThoughLioOnlyHangsUp() {
    refused(INITIATOR, target.chapName(), 0, null, "CHAP", "secrets file", "USER SECRET");
  }

  @Test
  void wrongSecretIsRefusedWithItsStatus() {
    ChapCredentials wrong = ChapCredentials.oneWay("user", "wrongsecret12");
    refused(INITIATOR, target.chapName(), 0, wrong, "'user'", "0201", "secret");
  }

  @Test
  void wrongUserIsRefusedWithItsStatus() {
    ChapCredentials wrong = ChapCredentials.oneWay("nobody", SECRET);
    refused(INITIATOR, target.chapName(), 0, wrong, "'nobody'", "0201", "user");
  }

  @Test
  void wrongSecretOfTheTargetIsTold() {
    ChapCredentials wrong = new ChapCredentials("user", SECRET, "disk", "othersecret12");
    refused(INITIATOR, target.chapName(), 0, wrong, "mutual", "impostor");
  }

  @Test
  void missingLunIsNamed() {
    refused(INITIATOR, target.name(), 7, null, "LUN 7", "iscsi luns");
  }

  @Test
  void rightSecretsLogInByTheStrongestCommonAlgorithm() throws Exception {
    assertEquals("CHAP with SHA-256, one-way", authentication(target.chapName(), ONE_WAY));
    assertEquals("CHAP with SHA-256, mutual", authentication(target.chapName(), MUTUAL));
  }

  @Test
  void targetWithoutChapCannotProveItself() {
    refused(INITIATOR, target.name(), 0, MUTUAL, "0201", "before it asked for a secret");
  }

  @Test
  void secretForATargetThatWantsNoneDoesNoHarm() throws Exception {
    assertEquals("none", authentication(target.name(), ONE_WAY));
  }

  @Test
  void discoveryByChapListsBothTargets() throws Exception {
    List<Discovery.Target> found =
        Discovery.sendTargets(options(INITIATOR, MUTUAL), List.of(target.portal()));
    assertEquals(
        List.of(target.name(), target.chapName()),
        found.stream().map(Discovery.Target::name).toList());
    assertEquals(List.of(target.portal() + ",1"), found.get(0).addresses());
    IscsiException e =
        assertThrows(
            IscsiException.class,
            () -> Discovery.sendTargets(options(INITIATOR, null), List.of(target.portal())));
    assertTrue(e.getMessage().contains("'* USER SECRET'"), e.getMessage());
  }
}
