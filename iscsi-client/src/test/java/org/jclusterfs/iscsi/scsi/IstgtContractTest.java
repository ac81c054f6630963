package org.jclusterfs.iscsi.scsi;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The contract on istgt. */
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("istgt") // its methods one after the other
class IstgtContractTest extends TargetContract {

  @TempDir static Path directory;

  @Override
  ContractTarget start() throws Exception {
    return IstgtTarget.start(directory);
  }

  @Override
  Set<Feature> lacks() {
    return EnumSet.of(
        Feature.UNSOLICITED_DATA,
        Feature.CHAP_SHA1,
        Feature.CHAP_SHA256,
        Feature.CHAP_SHA3_256,
        Feature.PROVISIONING_PAGE,
        Feature.FORCED_UNIT_ACCESS,
        Feature.SENSE_DATA_WITH_EVERY_REFUSAL,
        Feature.ALLOCATION_LENGTH,
        Feature.UNMAP,
        Feature.UNMAPPED_BLOCKS_ARE_ZERO,
        Feature.RESERVATION_STOPS_UNMAP,
        Feature.GROWS_ONLINE,
        Feature.GROWTH_BY_UNIT_ATTENTION);
  }

  /**
   * It drops the tasks of the whole I_T nexus when it sees that end, those of the new connection
   * too, and never answers them: a read at that moment takes its time limit.
   */
  @Override
  void awaitEndOfOldConnection() throws InterruptedException {
    Thread.sleep(1_000);
  }
}
