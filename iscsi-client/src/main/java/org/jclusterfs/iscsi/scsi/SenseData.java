package org.jclusterfs.iscsi.scsi;

/**
 * Sense data in fixed or descriptor format (SPC-4 section 4.5).
 *
 * @param key sense key, 0–15
 * @param asc additional sense code
 * @param ascq additional sense code qualifier
 */
public record SenseData(int key, int asc, int ascq) {

  /** Sense key: RECOVERED ERROR. */
  public static final int RECOVERED_ERROR = 1;

  /** Sense key: NOT READY. */
  public static final int NOT_READY = 2;

  /** Sense key: UNIT ATTENTION. */
  public static final int UNIT_ATTENTION = 6;

  /** Sense key: ABORTED COMMAND. */
  public static final int ABORTED_COMMAND = 0xb;

  /** Sense key: MISCOMPARE. */
  public static final int MISCOMPARE = 0xe;

  private static final String[] KEYS = {
    "NO SENSE",
    "RECOVERED ERROR",
    "NOT READY",
    "MEDIUM ERROR",
    "HARDWARE ERROR",
    "ILLEGAL REQUEST",
    "UNIT ATTENTION",
    "DATA PROTECT",
    "BLANK CHECK",
    "VENDOR SPECIFIC",
    "COPY ABORTED",
    "ABORTED COMMAND",
    "RESERVED",
    "VOLUME OVERFLOW",
    "MISCOMPARE",
    "COMPLETED"
  };

  /** Reads sense data; all zero where there is none that could be read. */
  public static SenseData parse(byte[] sense) {
    int code = sense.length == 0 ? 0 : sense[0] & 0x7f;
    if ((code == 0x70 || code == 0x71) && sense.length >= 3) {
      return new SenseData(
          sense[2] & 0xf,
          sense.length > 12 ? sense[12] & 0xff : 0,
          sense.length > 13 ? sense[13] & 0xff : 0);
    } else if ((code == 0x72 || code == 0x73) && sense.length >= 4) {
      return new SenseData(sense[1] & 0xf, sense[2] & 0xff, sense[3] & 0xff);
    }
    return new SenseData(0, 0, 0);
  }

  /** Whether the node's registration was taken away: 2A/03 or 2A/05. */
  public boolean isPreempted() {
    return key == UNIT_ATTENTION && asc == 0x2a && (ascq == 3 || ascq == 5);
  }

  /** Whether the unit's capacity changed: 2A/09. */
  public boolean isCapacityChanged() {
    return key == UNIT_ATTENTION && asc == 0x2a && ascq == 9;
  }

  private String words() {
    switch (asc << 8 | ascq) {
      case 0x0401:
        return ", becoming ready";
      case 0x040a:
        return ", the target's ports are changing their ALUA state";
      case 0x040b:
        return ", the target's ports are in ALUA state standby: have it make them active";
      case 0x040c:
        return ", the target's ports are in ALUA state unavailable: have it make them active";
      case 0x1100:
        return ", unrecovered read error";
      case 0x2000:
        return ", the target does not know the command";
      case 0x2100:
        return ", beyond the end of the LUN";
      case 0x2400:
      case 0x2600:
        return ", the target does not know a field of the command";
      case 0x2500:
        return ", no such LUN; compare the number with what 'iscsi luns' lists";
      case 0x2700:
        return ", write protected";
      case 0x2707:
        return ", the thin pool behind the LUN is full";
      case 0x2a03:
        return ", reservations preempted";
      case 0x2a05:
        return ", registrations preempted";
      case 0x2a09:
        return ", the LUN's capacity changed";
      default:
        return "";
    }
  }

  @Override
  public String toString() {
    return KEYS[key] + words() + String.format(" (%x/%02x%02x)", key, asc, ascq);
  }
}
