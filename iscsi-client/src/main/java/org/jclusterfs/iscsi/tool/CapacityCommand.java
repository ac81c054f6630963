package org.jclusterfs.iscsi.tool;

import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Lun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "capacity", description = "Tells the size and the limits of a LUN.")
final class CapacityCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Parameters(paramLabel = "DEVICE", description = "iscsi://[USER@]HOST[:PORT]/IQN/LUN")
  private String device;

  @Override
  public Integer call() throws Exception {
    try (Lun lun = tool.open(device)) {
      Capacity capacity = lun.capacity();
      tool.out().println("Bytes: " + capacity.bytes());
      tool.out().println("Blocks: " + capacity.blocks() + " of " + capacity.blockSize());
      tool.out().println("Thin provisioning: " + (capacity.thin() ? "yes" : "no"));
      tool.out().println("Write cache: " + (capacity.writeCache() ? "yes" : "no"));
      tool.out().println("Forced unit access: " + (capacity.forcedUnitAccess() ? "yes" : "no"));
      tool.out().println("Write protected: " + (capacity.writeProtected() ? "yes" : "no"));
      tool.out()
          .println(
              "Largest transfer: "
                  + (capacity.maxTransferBlocks() == 0
                      ? "not limited"
                      : capacity.maxTransferBlocks() + " blocks"));
      tool.out()
          .println(
              "UNMAP: "
                  + (capacity.maxUnmapBlocks() == 0
                      ? "no"
                      : "up to "
                          + capacity.maxUnmapBlocks()
                          + " blocks in "
                          + capacity.maxUnmapDescriptors()
                          + " ranges"));
      tool.out().flush();
    }
    return 0;
  }
}
