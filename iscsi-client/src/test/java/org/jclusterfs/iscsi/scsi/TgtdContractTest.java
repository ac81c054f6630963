package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.session.ScsiCommand.Priority;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The contract on tgtd, and what only a target that can be set up in detail shows. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("tgtd") // its methods one after the other
class TgtdContractTest extends TargetContract {

  private static final String CHAP_IQN = "iqn.2026-01.com.example:chap";

  static final InitiatorOptions OPTIONS = InitiatorOptions.of(ContractTarget.INITIATOR);

  @TempDir static Path directory;
  private static TgtdTarget tgtd;

  @Override
  ContractTarget start() throws Exception {
    tgtd = TgtdTarget.start(directory);
    tgtd.addTarget(2, CHAP_IQN);
    tgtd.requireChap(2, "user", "secretsecret1");
    tgtd.requireMutualChap(2, "disk", "targetsecret1");
    set(1, "HeaderDigest", "CRC32C,None");
    set(1, "DataDigest", "CRC32C,None");
    set(1, "InitialR2T", "No");
    set(1, "MaxOutstandingR2T", "8");
    Portal ipv6 = new Portal("::1", TgtdTarget.freePort());
    tgtd.admin("--mode", "portal", "--op", "new", "--param", "portal=" + ipv6);
    return new ContractTarget() {
      @Override
      public IscsiUrl url() {
        return tgtd.url();
      }

      @Override
      public IscsiUrl chapUrl(boolean mutual) {
        return new IscsiUrl(null, List.of(tgtd.portal()), List.of(CHAP_IQN), 1);
      }

      @Override
      public Portal ipv6() {
        return ipv6;
      }

      @Override
      public boolean grow(long bytes) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(tgtd.image().toFile(), "rw")) {
          file.setLength(bytes);
        }
        for (String change : List.of("online=0", "path=" + tgtd.image(), "online=1")) {
          tgtd.admin(
              "--mode",
              "logicalunit",
              "--op",
              "update",
              "--tid",
              "1",
              "--lun",
              "1",
              "--params",
              change);
        }
        return true;
      }

      @Override
      public void close() throws Exception {
        tgtd.close();
      }
    };
  }

  @Override
  Set<Feature> lacks() {
    return EnumSet.of(
        Feature.CHAP_SHA1,
        Feature.CHAP_SHA256,
        Feature.CHAP_SHA3_256,
        Feature.COMPARE_AND_WRITE,
        Feature.READ_FULL_STATUS,
        Feature.PREEMPT_AND_ABORT,
        Feature.RESERVATION_STOPS_WRITE_SAME,
        Feature.RESERVATION_STOPS_UNMAP,
        Feature.GROWTH_BY_UNIT_ATTENTION);
  }

  @Test
  void unitTellsWhatItIs() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, tgtd.url())) {
      assertEquals("IET", lun.inquiry().vendor());
      assertEquals(512, lun.capacity().blockSize());
      assertTrue(lun.capacity().writeCache());
      assertTrue(lun.capacity().thin());
      assertFalse(lun.capacity().writeProtected());
    }
  }

  @Test
  void whatWasWrittenLiesInItsImage() throws Exception {
    try (Lun lun = Lun.open(OPTIONS, tgtd.url())) {
      for (int bytes : new int[] {512, 262144 + 512, 3 << 20}) {
        ByteBuffer data = random(bytes, bytes);
        await(lun.writeDurably(4096, data, Priority.ORDINARY));
        assertFalse(lun.refusesForcedUnitAccess());
        try (FileChannel file = FileChannel.open(tgtd.image(), StandardOpenOption.READ)) {
          ByteBuffer stored = ByteBuffer.allocate(bytes);
          while (stored.hasRemaining() && file.read(stored, 4096 + stored.position()) > 0) {
            // until the end
          }
          assertEquals(data, stored.flip());
        }
      }
    }
  }

  @Test
  void writesGoInEveryWayThatItMayWantTheirData() throws Exception {
    int tid = 10;
    for (String initialR2T : List.of("Yes", "No")) {
      for (String immediate : List.of("Yes", "No")) {
        for (int segment : new int[] {512, 8192, 262144}) {
          String iqn = "iqn.2026-01.com.example:way" + tid;
          tgtd.addTarget(tid, iqn);
          set(tid, "InitialR2T", initialR2T);
          set(tid, "ImmediateData", immediate);
          set(tid, "MaxRecvDataSegmentLength", "" + segment);
          set(tid, "FirstBurstLength", "" + Math.max(segment, 4096));
          set(tid, "MaxBurstLength", "" + Math.max(segment, 16384));
          IscsiUrl url = new IscsiUrl(null, List.of(tgtd.portal()), List.of(iqn), 1);
          try (Lun lun = Lun.open(OPTIONS, url)) {
            assertEquals(initialR2T.equals("Yes"), lun.session().agreed().initialR2T());
            assertEquals(immediate.equals("Yes"), lun.session().agreed().immediateData());
            assertEquals(segment, lun.session().agreed().maxSendDataSegmentLength());
            for (int bytes : new int[] {512, 4096, 4608, 20480, 300_544}) {
              ByteBuffer data = random(bytes, tid + bytes);
              await(lun.write(8192, data));
              assertEquals(data, read(lun, 8192, bytes), iqn + " " + bytes);
            }
          }
          tid++;
        }
      }
    }
  }

  private static void set(int tid, String name, String value) throws Exception {
    tgtd.admin(
        "--mode", "target", "--op", "update", "--tid", "" + tid, "--name", name, "--value", value);
  }
}
