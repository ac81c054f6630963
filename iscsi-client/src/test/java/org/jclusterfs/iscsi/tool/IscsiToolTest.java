package org.jclusterfs.iscsi.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.scsi.PersistentReservations;
import org.jclusterfs.iscsi.scsi.TgtdTarget;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each subcommand on a real tgtd, as text and as JSON, and what a user may do wrong. */
class IscsiToolTest {

  private static final String CHAP_IQN = "iqn.2026-01.com.example:chap";
  private static final String MUTUAL_IQN = "iqn.2026-01.com.example:mutual";
  private static final String WWID = "naa.60000000000000000e00000000010001";

  @TempDir static Path directory;
  private static TgtdTarget target;
  private static String portal;
  private static String device;
  private static Path secrets;

  @BeforeAll
  static void startTarget() throws Exception {
    target = TgtdTarget.start(directory);
    target.addTarget(2, CHAP_IQN);
    target.requireChap(2, "user", "secretsecret1");
    target.addTarget(3, MUTUAL_IQN);
    target.requireChap(3, "user3", "secretsecret3");
    target.requireMutualChap(3, "disk", "targetsecret3");
    portal = target.portal().toString();
    device = target.url().toString();
    secrets =
        file(
            "secrets",
            CHAP_IQN
                + " user secretsecret1\n"
                + MUTUAL_IQN
                + " user3 secretsecret3 disk targetsecret3\n");
  }

  @AfterAll
  static void stopTarget() throws Exception {
    target.close();
  }

  private static Path file(String name, String text) throws Exception {
    Path file = directory.resolve(name);
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file;
  }

  private static String url(String iqn) {
    return "iscsi://" + portal + "/" + iqn;
  }

  @Test
  void discoverListsEachPortalOfEachTargetWithItsGroup() {
    ToolRun.of("discover", portal)
        .good()
        .has(portal + ",1 " + TgtdTarget.IQN)
        .has(portal + ",1 " + CHAP_IQN)
        .has(portal + ",1 " + MUTUAL_IQN);
    JsonArray targets = ToolRun.of("discover", "--json", portal).good().json().getAsJsonArray();
    assertEquals(3, targets.size());
    JsonObject first = object(targets, "target", TgtdTarget.IQN);
    JsonObject address = first.getAsJsonArray("portals").get(0).getAsJsonObject();
    assertEquals(portal, address.get("portal").getAsString());
    assertEquals(1, address.get("portalGroupTag").getAsInt());
    assertTrue(first.get("luns").isJsonNull());
  }

  private static JsonObject object(JsonArray array, String key, String value) {
    for (JsonElement each : array) {
      if (each.getAsJsonObject().get(key).getAsString().equals(value)) {
        return each.getAsJsonObject();
      }
    }
    throw new AssertionError("no object with " + key + "=" + value + " in " + array);
  }

  @Test
  void discoverWithLunsLooksAtEachTargetThatLetsIn() {
    ToolRun.of("discover", "--luns", "--secrets", secrets.toString(), portal)
        .good()
        .has(" +LUN +SIZE +BLOCK +TYPE +VENDOR +PRODUCT +REV +WWID")
        .has(" +1 +256.0 MiB +512 +disk +IET +VIRTUAL-DISK +0001 +" + WWID);
    ToolRun partly = ToolRun.of("discover", "--luns", "--json", portal);
    assertEquals(1, partly.status());
    assertEquals(2, partly.err().lines().count(), partly.err());
    assertTrue(partly.err().contains(CHAP_IQN + " at " + portal + " refused"), partly.err());
    JsonArray targets = partly.json().getAsJsonArray();
    JsonObject disk =
        object(object(targets, "target", TgtdTarget.IQN).getAsJsonArray("luns"), "lun", "1");
    assertEquals(256L << 20, disk.get("bytes").getAsLong());
    assertEquals("disk", disk.get("type").getAsString());
    assertTrue(
        object(targets, "target", CHAP_IQN).get("error").getAsString().contains("secrets file"));
  }

  @Test
  void loginTellsEachStepAndTheAlgorithm() {
    ToolRun.of("login", "--secrets", secrets.toString(), url(MUTUAL_IQN))
        .good()
        .has("Target " + MUTUAL_IQN + " at " + portal)
        .has(" +[0-9.]+ ms  connected to " + portal + " from 127.0.0.1:[0-9]+")
        .has(" +[0-9.]+ ms  sent, security negotiation: CHAP_A=8,7,6,5")
        .has(" +[0-9.]+ ms  that failed at CHAP .* MD5 alone")
        .has(" +[0-9.]+ ms  logged in")
        .has("  Authentication: CHAP with MD5, mutual")
        .has("  MaxBurstLength: [0-9]+")
        .hasNot("0x");
  }

  @Test
  void loginAsJsonHoldsOneTrialPerPortal() throws Exception {
    int dead = TgtdTarget.freePort();
    ToolRun run =
        ToolRun.of(
                "login",
                "--json",
                "iscsi://127.0.0.1:" + dead + "," + portal + "/" + TgtdTarget.IQN)
            .refused(1, "127.0.0.1:" + dead + " refused the connection");
    JsonArray trials = run.json().getAsJsonArray();
    JsonObject bad = object(trials, "portal", "127.0.0.1:" + dead);
    assertFalse(bad.get("loggedIn").getAsBoolean());
    JsonObject good = object(trials, "portal", portal);
    assertTrue(good.get("loggedIn").getAsBoolean());
    assertEquals("none", good.get("authentication").getAsString());
    assertEquals("Yes", good.getAsJsonObject("agreed").get("ImmediateData").getAsString());
    JsonArray steps = good.getAsJsonArray("steps");
    double before = 0;
    for (JsonElement step : steps) {
      double millis = step.getAsJsonObject().get("millis").getAsDouble();
      assertTrue(millis >= before, steps.toString());
      before = millis;
    }
    assertTrue(good.get("millis").getAsDouble() >= before);
    assertTrue(steps.size() >= 5, steps.toString());
  }

  @Test
  void lunsListsDisksAndOthers() {
    ToolRun.of("luns", url(TgtdTarget.IQN))
        .good()
        .has("LUN +SIZE +BLOCK +TYPE .*")
        .has("  0 +- +- +storage array controller +IET +Controller .*")
        .has("  1 +256.0 MiB +512 +disk +IET +VIRTUAL-DISK +0001 +" + WWID);
    JsonArray luns =
        ToolRun.of("luns", url(TgtdTarget.IQN), "--json").good().json().getAsJsonArray();
    assertEquals(2, luns.size());
    assertTrue(object(luns, "lun", "0").get("bytes").isJsonNull());
    assertEquals(WWID, object(luns, "lun", "1").get("wwid").getAsString());
  }

  @Test
  void inquiryIsToldInWords() {
    ToolRun.of("inquiry", device)
        .good()
        .has("Standard INQUIRY data")
        .has("  Device type: disk \\(0\\)")
        .has("  Vendor: IET")
        .has("  Standard: SPC-3 \\(5\\)")
        .has("VPD page 00: supported pages")
        .has("  Pages: 00 supported pages, 80 unit serial number, .*b2 .*")
        .has("VPD page 80: unit serial number")
        .has("    logical unit: NAA 60000000000000000e00000000010001")
        .has("  Maximum COMPARE AND WRITE length: 128 blocks")
        .has("  Rotation: .*")
        .has("  Provisioning: thin");
    JsonObject all = ToolRun.of("--json", "inquiry", device).good().json().getAsJsonObject();
    assertEquals("IET", all.getAsJsonObject("standard").get("vendor").getAsString());
    assertEquals("b0", all.getAsJsonObject("vpd00").getAsJsonArray("pages").get(3).getAsString());
    assertEquals(2, all.getAsJsonObject("vpdb2").get("provisioningType").getAsInt());
    assertTrue(all.getAsJsonObject("vpdb2").get("unmap").getAsBoolean());
  }

  @Test
  void inquiryOfOnePageShowsThatAlone() {
    ToolRun.of("inquiry", "--page", "0x80", device)
        .good()
        .has("VPD page 80: .*")
        .has("  Serial number: .+")
        .hasNot("Standard INQUIRY");
    ToolRun.of("inquiry", "--page", "c7", device).refused(1, "no page c7", "page 00 lists");
    ToolRun.of("inquiry", "--page", "xyz", device).refused(2, "'xyz' is no page number");
  }

  @Test
  void controllerThatIsNoDiskCanBeLookedAt() {
    ToolRun.of("inquiry", url(TgtdTarget.IQN) + "/0")
        .good()
        .has("  Device type: storage array controller \\(12\\)");
  }

  @Test
  void capacityTellsSizeAndLimits() {
    ToolRun.of("capacity", device)
        .good()
        .has("Size: 256.0 MiB \\(268435456 bytes\\)")
        .has("Blocks: 524288")
        .has("Block size: 512 bytes")
        .has("Thin provisioning: yes")
        .has("Volatile write cache: yes")
        .has("COMPARE AND WRITE: up to 128 blocks");
    JsonObject all = ToolRun.of("capacity", "--json", device).good().json().getAsJsonObject();
    assertEquals(268435456L, all.get("bytes").getAsLong());
    assertTrue(all.get("thin").getAsBoolean());
    assertFalse(all.get("writeProtected").getAsBoolean());
  }

  @Test
  void keysAreListedWithTheirSlotsAndClearedWhenConfirmed() throws Exception {
    ToolRun.of("keys", device).good().has("Reservation: none").has("Keys: none");
    long key = 3L << 48 | 0x1234;
    try (Lun holder = Lun.open(InitiatorOptions.of(ToolRun.INITIATOR), target.url())) {
      PersistentReservations reservations = holder.reservations();
      reservations.registerAndIgnore(key);
      reservations.reserve(key, PersistentReservations.WRITE_EXCLUSIVE_ALL_REGISTRANTS);
      ToolRun.of("keys", device)
          .good()
          .has("Reservation: type 7 \\(write exclusive, all registrants\\)")
          .has("KEY +SLOT +HOLDER")
          .has("0003000000001234 +3 +yes")
          .has("The target does not tell whose .*");
      JsonObject all = ToolRun.of("reservations", "--json", device).good().json().getAsJsonObject();
      assertEquals(7, all.getAsJsonObject("reservation").get("type").getAsInt());
      JsonObject first = all.getAsJsonArray("registrations").get(0).getAsJsonObject();
      assertEquals(3, first.get("slot").getAsInt());
      assertFalse(all.get("fullStatus").getAsBoolean());
      ToolRun.of("keys", "--clear", device).refused(1, "nothing was removed", "--yes");
      ToolRun.of("keys", "--clear", "--yes", device).good().has("cleared");
      assertNull(reservations.readReservation());
    }
    ToolRun.of("keys", "--clear", "--yes", device).good().has("nothing to clear");
  }

  @Test
  void pathsAreDrawnAsMultipathDoes() throws Exception {
    int second = TgtdTarget.freePort();
    target.admin("--mode", "portal", "--op", "new", "--param", "portal=127.0.0.1:" + second);
    String both = "iscsi://" + portal + ",127.0.0.1:" + second + "/" + TgtdTarget.IQN + "/1";
    ToolRun.of("paths", both)
        .good()
        .has(WWID + " IET,VIRTUAL-DISK")
        .has("size=256.0MiB features='0' hwhandler='0' wp=rw")
        .has("`-\\+- policy='service-time' prio=50 status=active")
        .has("  \\|- " + portal + " " + TgtdTarget.IQN + " +active ready running")
        .has("  `- 127.0.0.1:" + second + " " + TgtdTarget.IQN + " +active ready running");
    target.admin("--mode", "portal", "--op", "delete", "--param", "portal=127.0.0.1:" + second);
    ToolRun partly = ToolRun.of("sessions", "--json", both);
    assertEquals(1, partly.status());
    JsonArray groups = partly.json().getAsJsonObject().getAsJsonArray("groups");
    assertEquals(2, groups.size());
    assertEquals("active", groups.get(0).getAsJsonObject().get("status").getAsString());
    JsonObject lost =
        groups.get(1).getAsJsonObject().getAsJsonArray("paths").get(0).getAsJsonObject();
    assertEquals("127.0.0.1:" + second, lost.get("portal").getAsString());
    assertEquals("down", lost.get("state").getAsString());
    assertTrue(lost.get("reason").getAsString().contains("refused"), lost.toString());
    int[] dead = {TgtdTarget.freePort(), TgtdTarget.freePort()};
    ToolRun.of(
            "paths", "iscsi://127.0.0.1:" + dead[0] + ",127.0.0.1:" + dead[1] + "/iqn.2026-01.x/0")
        .refused(1, "127.0.0.1:" + dead[0] + " refused", "127.0.0.1:" + dead[1] + " refused");
  }

  @Test
  void speedTellsRatesAndLatencies() {
    String number = "[0-9]+(\\.[0-9]+)?";
    ToolRun.of("speed", "--warm-up", "0", "--seconds", "1", "--depth", "4", "--block", "8K", device)
        .good()
        .has(
            "random reads of 8192 at depth 4: [0-9]+ IOPS, "
                + number
                + " MiB/s, "
                + number
                + " us CPU per request")
        .has("latency in us: median [0-9]+, 90 % .* 99 % .* 99.9 % [0-9]+, worst [0-9]+");
  }

  @Test
  void speedWritesOnlyWhenToldTo() throws Exception {
    Path image = target.image();
    Files.write(image, new byte[] {42}, java.nio.file.StandardOpenOption.WRITE);
    JsonObject read =
        ToolRun.of("speed", "--json", "--warm-up", "0", "--seconds", "1", "--sequential", device)
            .good()
            .json()
            .getAsJsonObject();
    assertEquals("read", read.get("operation").getAsString());
    assertEquals("sequential", read.get("order").getAsString());
    assertTrue(read.get("requests").getAsLong() > 0);
    JsonObject latency = read.getAsJsonObject("latencyMicros");
    assertTrue(latency.get("50").getAsDouble() <= latency.get("100").getAsDouble());
    assertEquals(42, Files.newInputStream(image).read());
    ToolRun.of("speed", "--warm-up", "0", "--seconds", "1", "--destroy-by-writing", device)
        .refused(1, "nothing was written", "--yes");
    assertEquals(42, Files.newInputStream(image).read());
    ToolRun.of(
            "speed",
            "--warm-up",
            "0",
            "--seconds",
            "1",
            "--sequential",
            "--destroy-by-writing",
            "--yes",
            device)
        .good();
    assertEquals(0, Files.newInputStream(image).read());
  }

  @Test
  void speedDoesNotWriteWhereKeysAreRegistered() throws Exception {
    String[] write = {
      "speed", "--warm-up", "0", "--seconds", "1", "--destroy-by-writing", "--yes", device
    };
    try (Lun holder = Lun.open(InitiatorOptions.of(ToolRun.INITIATOR), target.url())) {
      PersistentReservations reservations = holder.reservations();
      reservations.registerAndIgnore(5);
      ToolRun.of(write)
          .refused(
              1, "nothing was written", "no reservation and 1 registered key;", "keys --clear");
      reservations.reserve(5, PersistentReservations.WRITE_EXCLUSIVE_ALL_REGISTRANTS);
      ToolRun.of(write).refused(1, "reservation of type 7 and 1 registered key;", "unmount");
      ToolRun.of("speed", "--warm-up", "0", "--seconds", "1", device).good();
      ToolRun.of("keys", "--clear", "--yes", device).good();
    }
    ToolRun.of(write).good();
  }

  @Test
  void speedNamesWhatDoesNotFit() {
    ToolRun.of("speed", "--block", "1000", device).refused(2, "--block 1000", "blocks of 512");
    ToolRun.of("speed", "--block", "many", device).refused(2, "'many'", "4K");
    ToolRun.of("speed", "--depth", "0", device).refused(2, "--depth");
    ToolRun.of("speed", "--seconds", "-1", device).refused(2, "--seconds");
  }

  @Test
  void wordsThatWouldNotBeUsedAreRefused() {
    String one = url(TgtdTarget.IQN);
    ToolRun.of("login", one + "/99").refused(2, "LUN 99", "'/99'", "iscsi login --help");
    ToolRun.of("luns", one + "/1").refused(2, "LUN 1");
    ToolRun.of("luns", one + "," + CHAP_IQN).refused(2, "2 targets");
    ToolRun.of("discover", one).refused(2, TgtdTarget.IQN, "stands alone");
    ToolRun.of("discover", "iscsi://" + portal + "/").good();
    ToolRun.of("keys", "--yes", device).refused(2, "--clear", "iscsi keys --help");
    ToolRun.of("speed", "--yes", device).refused(2, "--destroy-by-writing");
    ToolRun.of("paths", "iscsi://" + portal + "," + portal + "/" + TgtdTarget.IQN + "/1")
        .refused(2, "portal " + portal + " is named twice");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"discover", "login", "luns", "paths", "inquiry", "capacity", "keys", "speed"})
  void helpOfEachSubcommandHasAnExampleAndTheExitStatuses(String name) {
    ToolRun.plain(name, "--help")
        .good()
        .has("Usage: iscsi " + name + " .*")
        .has("Example: iscsi " + name + " .*")
        .has("Exit status:")
        .has(" *--json .*")
        .has(" *2 +wrong usage");
    ToolRun.plain(name).refused(2, "iscsi " + name + ": ", "; see 'iscsi " + name + " --help'");
    ToolRun.plain(name, "nonsense:///").refused(2, "nonsense", "--help");
  }

  @Test
  void wrongUseGivesOneLineAndAHint() {
    ToolRun.plain("frobnicate").refused(2, "frobnicate", "see 'iscsi --help'");
    ToolRun.plain("luns", "--frobnicate", url(TgtdTarget.IQN))
        .refused(2, "--frobnicate", "iscsi luns --help");
    ToolRun.plain("luns", "iscsi://h/disk").refused(2, "'disk' is not an iSCSI name");
    ToolRun.plain("luns", "iscsi://u:secret@h/" + CHAP_IQN).refused(2, "secret", "secrets file");
    ToolRun all = ToolRun.plain("--help").good();
    for (String name : new String[] {"discover", "login", "luns", "inquiry", "keys", "speed"}) {
      all.has("  " + name + ".*");
    }
    assertEquals(2, ToolRun.plain().status());
  }

  @Test
  void missingInitiatorNameTellsWhatToWrite() {
    ToolRun.plain(
            "luns", "--initiator-file", directory.resolve("none").toString(), url(TgtdTarget.IQN))
        .refused(1, "none does not exist", "InitiatorName=", "--initiator IQN");
    ToolRun.plain("luns", "--initiator", "myhost", url(TgtdTarget.IQN))
        .refused(1, "'myhost'", "iqn.");
  }

  @Test
  void initiatorNameIsTakenFromTheFile() throws Exception {
    Path file = file("initiatorname.iscsi", "# by hand\nInitiatorName=" + ToolRun.INITIATOR + "\n");
    ToolRun.plain("luns", "--initiator-file", file.toString(), url(TgtdTarget.IQN)).good();
  }

  @Test
  void secretsThatCannotBeUsedAreRefusedBeforeAnyLogin() throws Exception {
    Path open = file("open", CHAP_IQN + " user secretsecret1\n");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
    String url = url(CHAP_IQN);
    ToolRun.of("luns", "--secrets", open.toString(), url).refused(1, "rw-r--r--", "chmod 600");
    ToolRun.of("luns", "--secrets", directory.resolve("no").toString(), url)
        .refused(1, "--secrets, does not exist");
    Path same = file("same", "* user samesecret12 disk samesecret12\n");
    ToolRun.of("luns", "--secrets", same.toString(), url).refused(1, "line 1", "must differ");
    Path brief = file("brief", "* user short\n");
    ToolRun.of("luns", "--secrets", brief.toString(), url).refused(1, "5 bytes", "at least 12");
    String other = "iscsi://other@" + portal + "/" + CHAP_IQN;
    ToolRun.of("luns", "--secrets", secrets.toString(), other).refused(1, "'other'", "add a line");
  }

  @Test
  void wrongLunNumberIsNamedWithPortalAndTarget() {
    ToolRun.of("capacity", url(TgtdTarget.IQN) + "/9")
        .refused(1, "LUN 9", TgtdTarget.IQN, portal, "iscsi luns");
    ToolRun.of("inquiry", url(TgtdTarget.IQN) + "/9").refused(1, "LUN 9", TgtdTarget.IQN, portal);
  }
}
