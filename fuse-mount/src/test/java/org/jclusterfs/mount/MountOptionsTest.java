package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.jclusterfs.core.vfs.AccessPolicy;
import org.jclusterfs.core.vfs.AccessPolicy.Update;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.junit.jupiter.api.Test;

/** The options of -o. */
class MountOptionsTest {

  private static final long NOATIME = 1024;
  private static final long RELATIME = 1L << 21;
  private static final long STRICTATIME = 1L << 24;
  private static final long LAZYTIME = 1L << 25;

  private static void assertRefused(String reason, String options) {
    String told =
        assertThrows(MountException.class, () -> MountOptions.parse(options)).getMessage();
    assertTrue(told.contains(reason), told);
  }

  @Test
  void whatMountAddsIsKnown() throws Exception {
    MountOptions options =
        MountOptions.parse(
            "rw,_netdev,nofail,defaults,user,nosuid,nodev,noexec,x-systemd.automount");
    assertEquals(2 + 4 + 8 + NOATIME, options.mountFlags());
  }

  @Test
  void laterOptionsOverrideEarlierOnes() throws Exception {
    assertEquals(NOATIME, MountOptions.parse("ro,rw").mountFlags());
    assertEquals(1 + NOATIME, MountOptions.parse("rw,ro").mountFlags());
    assertTrue(MountOptions.parse("ro").request("file:/x").readOnly());
  }

  @Test
  void oneWordSaysWhenReadingChangesAccessTimes() throws Exception {
    Map<String, Long> meanings =
        Map.of(
            "", NOATIME,
            "relatime", RELATIME,
            "atime", RELATIME,
            "noatime,atime", RELATIME,
            "relatime,norelatime", NOATIME,
            "strictatime,nostrictatime", NOATIME,
            "relatime,strictatime", STRICTATIME,
            "strictatime,noatime", NOATIME,
            "lazytime", RELATIME + LAZYTIME,
            "noatime,lazytime", NOATIME + LAZYTIME);
    for (Map.Entry<String, Long> meaning : meanings.entrySet()) {
      assertEquals(
          meaning.getValue(), MountOptions.parse(meaning.getKey()).mountFlags(), meaning.getKey());
    }
    assertEquals(
        new AccessPolicy(Update.ALWAYS, false, true),
        MountOptions.parse("lazytime,strictatime,nodiratime").accessPolicy());
    assertEquals(Update.NEVER, MountOptions.parse("").accessPolicy().update());
  }

  @Test
  void valuesReachTheRequest() throws Exception {
    MountRequest request =
        MountOptions.parse("slot=3,threshold=6,cache=64M,address=::1,port=7,cluster=none")
            .request("file:/x");
    assertEquals(3, request.slot());
    assertEquals(6000, request.thresholdMillis());
    assertEquals(64L << 20, request.cacheBytes());
    assertEquals("::1", request.address());
    assertEquals(7, request.port());
    assertEquals(false, request.clustered());
  }

  @Test
  void optionsOfPathsReachTheDevice() throws Exception {
    String list = "path_selector=round-robin,replacement_timeout=5,queue_if_no_path";
    assertEquals(
        Map.of(
            "path_selector", "round-robin", "replacement_timeout", "5", "no_path_retry", "queue"),
        MountOptions.parse(list).request("iscsi://h/iqn.2026-01.com.example:x/0").device().paths());
    assertRefused("option no_path_retry wants a value", "no_path_retry");
    assertRefused("unknown option \"path-selector\"", "path-selector=round-robin");
  }

  @Test
  void whatNobodyKnowsIsRefusedByName() {
    assertRefused("unknown option \"bogus\"", "rw,bogus");
    assertRefused("unknown option \"bogus\"", "bogus=2");
    assertRefused("option ro takes no value", "ro=1");
  }

  @Test
  void bindingIsChosenAndAclsAreRefusedWithLibfuse() throws Exception {
    assertFalse(MountOptions.parse("binding=kernel").libFuse());
    assertTrue(MountOptions.parse("binding=libfuse").libFuse());
    assertFalse(MountOptions.parse("binding=libfuse").acls());
    assertRefused("option acl", "binding=libfuse,acl");
    assertRefused("binding=fuse3: kernel or libfuse", "binding=fuse3");
  }

  @Test
  void remountChangesTheKernelsFlagsAlone() throws Exception {
    MountOptions now = MountOptions.parse("rw,_netdev,slot=2,noacl,x-systemd.automount");
    String shown = ",user_id=0,group_id=0,default_permissions,allow_other,max_read=1048576";
    MountOptions.parse("remount,ro,nosuid,nofail,slot=2,noacl" + shown).requireRemountable(now);
    for (String other : new String[] {"slot=3", "cache=64M", "acl", "binding=libfuse"}) {
      String told =
          assertThrows(
                  MountException.class,
                  () -> MountOptions.parse("remount," + other).requireRemountable(now))
              .getMessage();
      assertTrue(told.contains("option " + other.split("=")[0] + " cannot be changed"), told);
    }
    assertRefused("unknown option \"user_id\"", "user_id=0");
  }

  @Test
  void spectatorIsReadOnlyForGoodAndOtherWaysToMeetErrorsAreRefused() throws Exception {
    MountOptions spectator = MountOptions.parse("rw,spectator,errors=withdraw");
    assertTrue(spectator.request("file:/x").readOnly());
    // As mount(8) gives it, from fstab.
    MountOptions.parse("rw,spectator,remount").requireRemountable(spectator);
    assertThrows(
        MountException.class, () -> MountOptions.parse("remount,rw").requireRemountable(spectator));
    for (String way : new String[] {"panic", "remount-ro", "continue"}) {
      assertRefused("errors=" + way + ": only errors=withdraw", "errors=" + way);
    }
  }

  @Test
  void remountKeepsAccessTimesWhereNoWordIsAboutThem() throws Exception {
    MountOptions present = MountOptions.parse("noexec,strictatime,nodiratime");
    MountOptions silent = MountOptions.parse("remount,ro");
    silent.keepAccess(present);
    assertEquals(1 + STRICTATIME + 2048, silent.mountFlags());
    MountOptions said = MountOptions.parse("remount,ro,atime");
    said.keepAccess(present);
    assertEquals(1 + RELATIME, said.mountFlags());
  }

  @Test
  void addressesAreWantedAsDigits() throws Exception {
    assertEquals("2001:db8::7", MountOptions.parse("address=2001:db8::7").request("x").address());
    for (String wrong : new String[] {"300.1.1.1", "localhost", "1.2.3", ":::", "10.0.0.1:7"}) {
      assertRefused("option address=" + wrong, "address=" + wrong);
    }
  }

  @Test
  void valuesAreWantedAndChecked() {
    assertRefused("option slot wants a value", "slot");
    assertRefused("option slot wants a value", "slot=");
    assertRefused("option slot=255", "slot=255");
    assertRefused("option threshold=2", "threshold=2");
    assertRefused("option cache=1q", "cache=1q");
    assertRefused("cluster=all", "cluster=all");
  }

  @Test
  void kernelKeepsAttributesNoLongerThanANodeWithoutDiskLives() throws Exception {
    assertEquals(5000, MountOptions.parse("").validMillis(15_000));
    assertEquals(2000, MountOptions.parse("").validMillis(3_000));
    assertEquals(0, MountOptions.parse("attr_timeout=0").validMillis(15_000));
  }
}
