package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.EnumSet;
import org.jclusterfs.journal.Fault;
import org.jclusterfs.journal.testing.DeviceFault;
import org.junit.jupiter.api.Test;

/** A fixed part of the runs on a LUN that goes wrong; {@link CrashCampaign} makes more of them. */
class DeviceFaultRunTest {
  private static final int RUNS = 80;

  @Test
  void whatIsShownIsRightOrAnErrorAndDamageIsFoundAndMended() throws Exception {
    EnumSet<DeviceFault.Kind> struck = EnumSet.noneOf(DeviceFault.Kind.class);
    for (int seed = 1; seed <= RUNS; seed++) {
      DeviceFaultRun run = new DeviceFaultRun(seed);
      run.run();
      if (run.struck()) {
        struck.add(run.kind());
      }
    }
    assertEquals(EnumSet.allOf(DeviceFault.Kind.class), struck);
  }

  @Test
  void metadataThatIsBelievedWhateverItsChecksumSaysIsFound() throws Exception {
    AssertionError found = null;
    for (int seed = 1; seed <= RUNS && found == null; seed++) {
      try {
        new DeviceFaultRun(seed, Fault.READ_CHECKSUM).run();
      } catch (AssertionError e) {
        found = e;
      }
    }
    assertNotNull(found, "not noticed in " + RUNS + " runs");
  }
}
