package org.jclusterfs.iscsi.tool;

import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.login.NegotiatedParameters;
import org.jclusterfs.iscsi.scsi.Lun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "login", description = "Tries to log in, and tells what was agreed.")
final class LoginCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Parameters(paramLabel = "DEVICE", description = "iscsi://[USER@]HOST[:PORT]/IQN/LUN")
  private String device;

  @Override
  public Integer call() throws Exception {
    try (Lun lun = tool.open(device)) {
      NegotiatedParameters agreed = lun.session().agreed();
      tool.out().println("logged in to " + lun.session().target());
      tool.out().println("portal: " + lun.session().portal());
      tool.out().println("HeaderDigest: " + (agreed.headerDigest() ? "CRC32C" : "None"));
      tool.out().println("DataDigest: " + (agreed.dataDigest() ? "CRC32C" : "None"));
      tool.out().println("InitialR2T: " + (agreed.initialR2T() ? "Yes" : "No"));
      tool.out().println("ImmediateData: " + (agreed.immediateData() ? "Yes" : "No"));
      tool.out().println("MaxRecvDataSegmentLength (target): " + agreed.maxSendDataSegmentLength());
      tool.out().println("MaxBurstLength: " + agreed.maxBurstLength());
      tool.out().println("FirstBurstLength: " + agreed.firstBurstLength());
      tool.out().println("MaxOutstandingR2T: " + agreed.maxOutstandingR2T());
      tool.out().println("TargetPortalGroupTag: " + agreed.targetPortalGroupTag());
      tool.out().flush();
    }
    return 0;
  }
}
