package org.jclusterfs.iscsi;

/** A SCSI command ended with a status other than GOOD. */
public class ScsiException extends IscsiException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final int senseKey;
  private final int asc;
  private final int ascq;

  /**
   * Makes one.
   *
   * @param message one line in words
   * @param status SAM status code
   * @param senseKey sense key, 0 without sense data
   * @param asc additional sense code, 0 without sense data
   * @param ascq additional sense code qualifier, 0 without sense data
   */
  public ScsiException(String message, int status, int senseKey, int asc, int ascq) {
    super(message);
    this.status = status;
    this.senseKey = senseKey;
    this.asc = asc;
    this.ascq = ascq;
  }

  /** SAM status code, 2 for CHECK CONDITION. */
  public int status() {
    return status;
  }

  /** Sense key, 0 without sense data. */
  public int senseKey() {
    return senseKey;
  }

  /** Additional sense code. */
  public int asc() {
    return asc;
  }

  /** Additional sense code qualifier. */
  public int ascq() {
    return ascq;
  }

  /**
   * Whether the device server does not know the command or a field of it. A refusal that does not
   * say why counts as one: istgt sends no sense data for a VPD page that it does not have.
   */
  public boolean isUnsupported() {
    boolean unexplained = status == 2 && senseKey == 0 && asc == 0;
    return unexplained || senseKey == 5 && (asc == 0x20 || asc == 0x24 || asc == 0x26);
  }
}
