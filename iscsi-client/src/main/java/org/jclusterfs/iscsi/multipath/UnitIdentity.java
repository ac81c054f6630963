package org.jclusterfs.iscsi.multipath;

import java.util.concurrent.CompletionException;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Capacity;
import org.jclusterfs.iscsi.scsi.Inquiry;
import org.jclusterfs.iscsi.scsi.Lun;

/**
 * Whether a path leads to the same LUN as the first: by its WWID (VPD page 83) and its size, and by
 * target and serial number too where the WWID is one that targets make up for themselves.
 */
final class UnitIdentity {

  /** NAA 3, which is locally assigned (SPC-4 section 7.8.6.6). */
  private static final String LOCALLY_ASSIGNED = "naa.3";

  /** NAA 6 of the company 000000, as tgtd has it: the same for each first LUN. */
  private static final String OF_NO_COMPANY = "naa.6000000";

  private UnitIdentity() {}

  /** Whether two LUNs of different targets may have this WWID. */
  static boolean isLocallyAssigned(String wwid) {
    return wwid.startsWith(LOCALLY_ASSIGNED) || wwid.startsWith(OF_NO_COMPANY);
  }

  /**
   * Checks a path after the first. May block: where sizes differ both are asked for again, since
   * the LUN may have grown.
   *
   * @param lun where the path leads to
   * @param first where the first path led to
   * @param current where a path leads to that can be asked now
   * @throws PathRefusedException where it is another LUN
   * @throws IscsiException where that cannot be found out now
   */
  static void requireSame(Path path, Lun lun, Lun first, Lun current) throws IscsiException {
    requireSameWwid(path, lun.inquiry().wwid(), first.inquiry().wwid());
    if (isLocallyAssigned(lun.inquiry().wwid())) {
      requireSameTarget(path, lun, first);
    }
    if (!isSameSize(lun.capacity(), current.capacity())) {
      requireSameSize(path, refreshed(lun), refreshed(current));
    }
  }

  private static void requireSameWwid(Path path, String wwid, String expected)
      throws PathRefusedException {
    if (expected.isEmpty()) {
      throw refused(
          path,
          "the LUN tells no WWID (VPD page 83) by which its paths could be known"
              + " to lead to the same disk; give one path");
    }
    if (!expected.equals(wwid)) {
      throw refused(
          path,
          "it leads to another LUN, "
              + (wwid.isEmpty() ? "one without a WWID" : wwid)
              + ", than the first path, "
              + expected
              + "; check the target names and the LUN number");
    }
  }

  private static void requireSameTarget(Path path, Lun lun, Lun first) throws PathRefusedException {
    String here = madeUp(lun);
    String expected = madeUp(first);
    if (!here.equals(expected)) {
      throw refused(
          path,
          "WWID "
              + lun.inquiry().wwid()
              + " is a locally assigned one, which several targets may have, and the path leads to "
              + here
              + " instead of "
              + expected
              + "; give paths by the portals of one target");
    }
  }

  private static String madeUp(Lun lun) {
    Inquiry inquiry = lun.inquiry();
    return lun.session().target()
        + ", portal group "
        + lun.session().portalGroup()
        + ", "
        + inquiry.vendor()
        + " "
        + inquiry.product()
        + ", serial number '"
        + inquiry.serial()
        + "'";
  }

  private static void requireSameSize(Path path, Capacity size, Capacity expected)
      throws PathRefusedException {
    if (!isSameSize(size, expected)) {
      throw refused(
          path,
          "it leads to another LUN, of "
              + words(size)
              + ", than the first path, of "
              + words(expected)
              + ", though both have one WWID; check the portals");
    }
  }

  private static boolean isSameSize(Capacity one, Capacity other) {
    return one.blocks() == other.blocks() && one.blockSize() == other.blockSize();
  }

  private static String words(Capacity size) {
    return size.blocks() + " blocks of " + size.blockSize() + " bytes";
  }

  private static Capacity refreshed(Lun lun) throws IscsiException {
    try {
      return lun.refreshCapacity().join();
    } catch (CompletionException e) {
      throw new IscsiException("the size cannot be compared: " + e.getCause().getMessage(), e);
    }
  }

  private static PathRefusedException refused(Path path, String why) {
    return new PathRefusedException("path " + path + " is refused: " + why);
  }
}
