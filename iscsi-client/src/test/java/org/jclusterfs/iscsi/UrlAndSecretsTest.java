package org.jclusterfs.iscsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user writes: URLs, the initiator's name, secrets. */
class UrlAndSecretsTest {
  private static final String IQN = "iqn.2026-01.com.example:disk";

  @TempDir Path directory;

  @Test
  void everyPartOfAUrlIsRead() {
    IscsiUrl url =
        IscsiUrl.parse("iscsi://me%40home@a.example,[fe80::1%25eth0]:3261/" + IQN + "%2Cx/7");
    assertEquals("me@home", url.user());
    assertEquals(
        List.of(new Portal("a.example", 3260), new Portal("fe80::1%eth0", 3261)), url.portals());
    assertEquals(List.of(IQN + ",x"), url.targets());
    assertEquals(7, url.lun());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://h/" + IQN + "/0",
        "iscsi://h/" + IQN,
        "iscsi:///" + IQN + "/0",
        "iscsi://h/" + IQN + "/-1",
        "iscsi://h/" + IQN + "/16384",
        "iscsi://h:0/" + IQN + "/0",
        "iscsi://h:99999/" + IQN + "/0",
        "iscsi://fe80::1/" + IQN + "/0",
        "iscsi://[::1/" + IQN + "/0",
        "iscsi://h%4/" + IQN + "/0",
        "iscsi://u:secret@h/" + IQN + "/0",
        "iscsi://h/disk/0",
        "iscsi://h,other,h:3260/" + IQN + "/0",
        "iscsi://h/" + IQN + "," + IQN + "/0"
      })
  void wrongUrlIsRefusedInWords(String text) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> IscsiUrl.parse(text)).getMessage();
    assertTrue(message.startsWith(text) && message.contains("iscsi://[user@]host"), message);
  }

  @Test
  void initiatorNameIsReadPastComments() throws Exception {
    Path file = directory.resolve("name");
    Files.writeString(file, "## written by hand\n\nInitiatorName=" + IQN + "\n");
    assertEquals(IQN, InitiatorName.read(file));
  }

  @Test
  void missingInitiatorFileTellsWhatToDo() {
    String message =
        assertThrows(IscsiException.class, () -> InitiatorName.read(directory.resolve("none")))
            .getMessage();
    assertTrue(message.contains("--initiator") && message.contains("InitiatorName="), message);
  }

  private Path secrets(String mode, String text) throws Exception {
    Path file = directory.resolve("secrets");
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file;
  }

  @Test
  void namedTargetComesBeforeAnyAndTheUserSelects() throws Exception {
    ChapSecrets secrets =
        ChapSecrets.read(
            secrets(
                "rw-------",
                "# c\n* u1 secretsecret1\n"
                    + IQN
                    + " u2 secretsecret2\n* u3 secretsecret3 m3 targetsecret3\n"));
    assertEquals("u2", secrets.find(IQN, null).user());
    assertEquals("u1", secrets.find("iqn.2026-01.com.example:other", null).user());
    assertEquals("targetsecret3", secrets.find(IQN, "u3").mutualSecret());
    assertEquals("u1", secrets.find(null, null).user());
    assertThrows(IscsiException.class, () -> secrets.find(IQN, "nobody"));
  }

  @Test
  void fileThatOthersCanReadIsRefused() throws Exception {
    Path file = secrets("rw-r-----", "* u s\n");
    String message = assertThrows(IscsiException.class, () -> ChapSecrets.read(file)).getMessage();
    assertTrue(message.contains("chmod 600"), message);
  }

  @Test
  void fileOfAnotherOwnerIsRefused() {
    assertThrows(
        IscsiException.class,
        () ->
            ChapSecrets.checkAccess(
                Path.of("x"), "mallory", PosixFilePermissions.fromString("rw-------"), "root"));
  }

  @Test
  void missingFileHoldsNoSecrets() throws Exception {
    assertNull(ChapSecrets.read(directory.resolve("none")).find(IQN, null));
  }

  @Test
  void oneSecretForBothDirectionsIsRefused() throws Exception {
    Path file = secrets("rw-------", "* u samesecret12 m samesecret12\n");
    String message = assertThrows(IscsiException.class, () -> ChapSecrets.read(file)).getMessage();
    assertTrue(message.contains("line 1") && message.contains("must differ"), message);
  }

  @Test
  void secretOfLessThan96BitsIsRefusedOnEitherSide() throws Exception {
    Path file = secrets("rw-------", "# c\n* u elevenbytes\n");
    String message = assertThrows(IscsiException.class, () -> ChapSecrets.read(file)).getMessage();
    assertTrue(
        message.contains("line 2: the secret of user 'u' has 11 bytes")
            && message.contains("at least 12"),
        message);
    Path mutual = secrets("rw-------", "* u secretsecret1 m short\n");
    message = assertThrows(IscsiException.class, () -> ChapSecrets.read(mutual)).getMessage();
    assertTrue(message.contains("user 'm' has 5 bytes"), message);
    ChapSecrets.read(secrets("rw-------", "* u twelve-bytes\n"));
  }

  @Test
  void isidsDifferAndAreOfTheRandomType() {
    Isid isid = Isid.random(new java.util.Random(1));
    assertEquals(0x80, isid.value() >>> 40);
    assertTrue(!isid.equals(Isid.random(new java.util.Random(2))));
  }
}
