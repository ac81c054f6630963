package org.jclusterfs.iscsi.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jclusterfs.iscsi.Isid;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.multipath.MultipathOptions;
import org.jclusterfs.iscsi.multipath.PathInfo;
import org.jclusterfs.iscsi.multipath.PathPolicy;
import org.jclusterfs.iscsi.multipath.PathState;
import org.jclusterfs.iscsi.scsi.AccessState;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Inquiry;
import org.junit.jupiter.api.Test;

/** The drawing of paths in states that a real target is not easily brought to. */
class PathTreeTest {

  private static final String IQN = "iqn.2026-01.com.example:disk";

  private static PathInfo path(
      int number, String host, PathState state, AccessState access, boolean inUse, String reason) {
    return new PathInfo(
        number,
        new Portal(host, 3260),
        IQN,
        new Isid(0x8000_0000_0001L + number),
        state,
        access,
        access.priority(),
        inUse,
        true,
        0,
        0,
        0,
        Instant.EPOCH,
        reason);
  }

  private static PathTree tree(int noPathRetry, PathInfo... paths) {
    return PathTree.of(
        new Inquiry(0, "LIO-ORG", "IBLOCK", "4.0", "1", "naa.6001405127003"),
        new Capacity(4 << 20, 512, true, 0, 0, 0, 0, 0, false, true, true, false),
        new MultipathOptions(
            PathPolicy.ROUND_ROBIN, Duration.ofSeconds(5), noPathRetry, Duration.ofSeconds(5)),
        List.of(paths));
  }

  @Test
  void groupsStandByPriorityAndLostPathsLast() {
    PathTree tree =
        tree(
            MultipathOptions.QUEUE,
            path(0, "10.0.0.5", PathState.UP, AccessState.NON_OPTIMIZED, false, ""),
            path(1, "10.1.0.5", PathState.UP, AccessState.OPTIMIZED, true, ""),
            path(2, "10.2.0.55", PathState.UP, AccessState.OPTIMIZED, true, ""),
            path(3, "10.3.0.5", PathState.UP, AccessState.STANDBY, false, ""),
            path(4, "10.4.0.5", PathState.DOWN, AccessState.OPTIMIZED, false, "no answer in 5 s"),
            path(5, "10.5.0.5", PathState.REFUSED, AccessState.NONE, false, "another WWID"));
    assertEquals(
        """
        naa.6001405127003 LIO-ORG,IBLOCK
        size=2.0GiB features='1 queue_if_no_path' hwhandler='1 alua' wp=rw
        |-+- policy='round-robin' prio=50 status=active
        | |- 10.1.0.5:3260 iqn.2026-01.com.example:disk  active ready running
        | `- 10.2.0.55:3260 iqn.2026-01.com.example:disk active ready running
        |-+- policy='round-robin' prio=10 status=enabled
        | `- 10.0.0.5:3260 iqn.2026-01.com.example:disk  active ready running
        `-+- policy='round-robin' prio=0 status=enabled
          |- 10.3.0.5:3260 iqn.2026-01.com.example:disk  active ghost running
          |- 10.4.0.5:3260 iqn.2026-01.com.example:disk  failed faulty offline: no answer in 5 s
          `- 10.5.0.5:3260 iqn.2026-01.com.example:disk  failed refused offline: another WWID
        """,
        tree.text());
  }

  @Test
  @SuppressWarnings("unchecked")
  void documentHoldsGroupsOfPaths() {
    Map<String, Object> document =
        tree(3, path(0, "h", PathState.UP, AccessState.NONE, true, "")).document();
    assertEquals("1 no_path_retry 3", document.get("features"));
    Map<String, Object> group = ((List<Map<String, Object>>) document.get("groups")).get(0);
    assertEquals(50, group.get("priority"));
    Map<String, Object> path = ((List<Map<String, Object>>) group.get("paths")).get(0);
    assertEquals("h:3260", path.get("portal"));
    assertEquals("800000000001", path.get("isid"));
    assertEquals("1970-01-01T00:00:00Z", path.get("since"));
  }
}
