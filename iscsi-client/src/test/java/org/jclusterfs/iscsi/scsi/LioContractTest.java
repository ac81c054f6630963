package org.jclusterfs.iscsi.scsi;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.IscsiUrl;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The contract on the Linux kernel's target. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("lio") // its methods one after the other
class LioContractTest extends TargetContract {

  @Override
  ContractTarget start() throws Exception {
    LioTarget lio =
        LioTarget.start(
            "user secretsecret1 disk targetsecret1",
            ContractTarget.INITIATOR,
            ContractTarget.OTHER_INITIATOR);
    return new ContractTarget() {
      @Override
      public IscsiUrl url() {
        return lio.url();
      }

      @Override
      public IscsiUrl chapUrl(boolean mutual) {
        return new IscsiUrl(null, List.of(lio.portal()), List.of(lio.chapName()), 0);
      }

      @Override
      public ChapCredentials discoverySecrets() {
        return ONE_WAY;
      }

      @Override
      public void close() throws Exception {
        lio.close();
      }
    };
  }

  /** Of Linux 6.1 it answers no login for minutes after one, in two runs of three (measured). */
  @Override
  boolean outlivesGarbledPdus() {
    return false;
  }

  @Override
  Set<Feature> lacks() {
    return EnumSet.of(
        Feature.UNSOLICITED_DATA,
        Feature.SEVERAL_R2TS_AT_ONCE,
        Feature.CHAP_SHA3_256,
        Feature.IPV6_PORTAL,
        Feature.GROWS_ONLINE,
        Feature.GROWTH_BY_UNIT_ATTENTION);
  }
}
