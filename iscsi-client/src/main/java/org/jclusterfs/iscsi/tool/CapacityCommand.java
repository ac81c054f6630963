package org.jclusterfs.iscsi.tool;

import java.util.List;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Disk;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "capacity",
    description = "Tells the size of a LUN, its cache and its limits.",
    footer = {"", "Example: iscsi capacity iscsi://10.0.0.5/iqn.2026-01.com.example:disk/0"})
final class CapacityCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Parameters(
      paramLabel = "DEVICE",
      description = IscsiTool.DEVICE,
      converter = IscsiTool.Device.class)
  private IscsiUrl device;

  @Override
  public Integer call() throws Exception {
    Capacity capacity;
    try (Disk disk = tool.open(device)) {
      capacity = disk.capacity();
    }
    if (tool.isJson()) {
      tool.print(Field.object(fields(capacity)));
    } else {
      Field.print(tool.out(), "", fields(capacity));
    }
    return 0;
  }

  private static List<Field> fields(Capacity capacity) {
    long transfer = capacity.maxTransferBlocks();
    long writeSame = capacity.maxWriteSameBlocks();
    int compare = capacity.maxCompareAndWriteBlocks();
    String guess =
        capacity.cachingKnown() ? "" : " (a guess: the LUN is reserved and does not tell)";
    return List.of(
        new Field(
            "bytes",
            "Size",
            capacity.bytes(),
            ByteCount.inWords(capacity.bytes()) + " (" + capacity.bytes() + " bytes)"),
        Field.of("blocks", "Blocks", capacity.blocks()),
        new Field("blockSize", "Block size", capacity.blockSize(), capacity.blockSize() + " bytes"),
        Field.of("thin", "Thin provisioning", capacity.thin()),
        new Field(
            "writeCache",
            "Volatile write cache",
            capacity.writeCache(),
            (capacity.writeCache() ? "yes" : "no") + guess),
        new Field(
            "forcedUnitAccess",
            "Forced unit access",
            capacity.forcedUnitAccess(),
            (capacity.forcedUnitAccess() ? "yes" : "no") + guess),
        Field.of("cachingKnown", "Caching page", capacity.cachingKnown()),
        Field.of("writeProtected", "Write protected", capacity.writeProtected()),
        new Field(
            "maximumTransferBlocks",
            "Largest transfer",
            transfer,
            transfer == 0 ? "not limited" : transfer + " blocks"),
        new Field(
            "maximumUnmapBlocks",
            "UNMAP",
            capacity.maxUnmapBlocks(),
            limit(capacity.maxUnmapBlocks(), "blocks")),
        new Field(
            "maximumUnmapRanges",
            "UNMAP ranges",
            capacity.maxUnmapDescriptors(),
            limit(capacity.maxUnmapDescriptors(), "ranges")),
        new Field(
            "maximumWriteSameBlocks",
            "Largest WRITE SAME",
            writeSame,
            writeSame == 0 ? "not told" : writeSame + " blocks"),
        new Field(
            "maximumCompareAndWriteBlocks",
            "COMPARE AND WRITE",
            compare,
            compare == 0 ? "no" : "up to " + compare + " blocks"));
  }

  private static String limit(long value, String unit) {
    return value == 0
        ? "no"
        : value == 0xffff_ffffL ? "any number of " + unit : "up to " + value + " " + unit;
  }
}
