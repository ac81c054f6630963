package org.jclusterfs.iscsi;

import java.util.HexFormat;
import java.util.random.RandomGenerator;

/**
 * Initiator Session ID (RFC 7143 section 11.12.5): 48 bits. Together with the initiator's name it
 * names a session, so two mounts on one host need different ones, and a session that reconnects
 * keeps its own, by which the target ends what is left of the old connection.
 *
 * @param value the 48 bits
 */
public record Isid(long value) {

  /** Checks the width. */
  public Isid {
    if (value >>> 48 != 0) {
      throw new IllegalArgumentException("an ISID has 48 bits: " + value);
    }
  }

  /** An ISID of type 10b: 24 bits of random, 16 bits of random qualifier. */
  public static Isid random(RandomGenerator random) {
    return new Isid(0x80L << 40 | random.nextLong() & 0xff_ffff_ffffL);
  }

  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(value, 12);
  }
}
