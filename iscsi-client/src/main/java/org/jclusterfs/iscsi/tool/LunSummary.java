package org.jclusterfs.iscsi.tool;

import java.util.ArrayList;
import java.util.List;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Inquiry;
import org.jclusterfs.iscsi.scsi.UnitQuery;
import org.jclusterfs.iscsi.session.IscsiSession;

/**
 * A LUN in one line.
 *
 * @param lun its number
 * @param type its device type in words
 * @param vendor vendor identification
 * @param product product identification
 * @param revision product revision
 * @param serial unit serial number, perhaps empty
 * @param wwid its designator for the world, perhaps empty
 * @param bytes its size, null where it is no disk
 * @param blockSize bytes per block, null where it is no disk
 * @param error why less is known of it than of others, or null
 */
record LunSummary(
    int lun,
    String type,
    String vendor,
    String product,
    String revision,
    String serial,
    String wwid,
    Long bytes,
    Integer blockSize,
    String error) {

  /** Looks at all LUNs of a target. */
  static List<LunSummary> all(IscsiSession session) throws IscsiException {
    List<LunSummary> luns = new ArrayList<>();
    for (int lun : new UnitQuery(session, 0).luns()) {
      luns.add(of(new UnitQuery(session, lun), lun));
    }
    return luns;
  }

  private static LunSummary of(UnitQuery unit, int lun) {
    Inquiry inquiry;
    try {
      inquiry = unit.identity();
    } catch (IscsiException e) {
      return new LunSummary(lun, "unknown", "", "", "", "", "", null, null, e.getMessage());
    }
    Capacity capacity = null;
    String error = null;
    if (inquiry.deviceType() == 0) {
      try {
        capacity = unit.capacity();
      } catch (IscsiException e) {
        error = e.getMessage();
      }
    }
    return new LunSummary(
        lun,
        InquiryWords.deviceType(inquiry.deviceType()),
        inquiry.vendor(),
        inquiry.product(),
        inquiry.revision(),
        inquiry.serial(),
        inquiry.wwid(),
        capacity == null ? null : capacity.bytes(),
        capacity == null ? null : capacity.blockSize(),
        error);
  }

  static Table table(List<LunSummary> luns) {
    Table table = new Table("LUN", "SIZE", "BLOCK", "TYPE", "VENDOR", "PRODUCT", "REV", "WWID");
    for (LunSummary each : luns) {
      table.row(
          each.lun,
          each.bytes == null ? null : ByteCount.inWords(each.bytes),
          each.blockSize,
          each.error == null ? each.type : each.type + " (" + each.error + ")",
          each.vendor,
          each.product,
          each.revision,
          each.wwid);
    }
    return table;
  }
}
