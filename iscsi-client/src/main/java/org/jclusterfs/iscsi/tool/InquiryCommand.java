package org.jclusterfs.iscsi.tool;

import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.scsi.Inquiry;
import org.jclusterfs.iscsi.scsi.Lun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "inquiry", description = "Tells what a LUN says about itself.")
final class InquiryCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Parameters(paramLabel = "DEVICE", description = "iscsi://[USER@]HOST[:PORT]/IQN/LUN")
  private String device;

  @Override
  public Integer call() throws Exception {
    try (Lun lun = tool.open(device)) {
      Inquiry inquiry = lun.inquiry();
      tool.out().println("Vendor: " + inquiry.vendor());
      tool.out().println("Product: " + inquiry.product());
      tool.out().println("Revision: " + inquiry.revision());
      tool.out().println("Serial: " + inquiry.serial());
      tool.out().println("WWID: " + inquiry.wwid());
      tool.out().println("LUNs of the target: " + lun.reportLuns());
      tool.out().flush();
    }
    return 0;
  }
}
