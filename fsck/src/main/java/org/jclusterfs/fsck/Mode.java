package org.jclusterfs.fsck;

/** What happens to a problem that is found. */
enum Mode {
  /** -n: nothing is written. */
  NO,
  /** -y: everything is repaired. */
  YES,
  /** -p and -a: what is safe is repaired, anything else ends the run. */
  PREEN,
  /** The user is asked. */
  ASK
}
