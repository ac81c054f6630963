package org.jclusterfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.jclusterfs.core.vfs.MountException;
import org.jclusterfs.core.vfs.MountRequest;
import org.junit.jupiter.api.Test;

/** The options of -o. */
class MountOptionsTest {

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
    assertEquals(2 + 4 + 8, options.mountFlags());
  }

  @Test
  void laterOptionsOverrideEarlierOnes() throws Exception {
    assertEquals(0, MountOptions.parse("ro,noatime,rw,atime").mountFlags());
    assertEquals(1, MountOptions.parse("rw,ro").mountFlags());
    assertTrue(MountOptions.parse("ro").request("file:/x").readOnly());
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
    assertRefused("remount", "remount");
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
