package org.jclusterfs.dlm;

/** Why a request or conversion ended without the mode; the wire code is the ordinal. */
public enum DenyReason {
  /** {@link LockFlags#NOQUEUE} was given and another lock conflicts. */
  WOULD_WAIT,
  /** It was cancelled before it could be granted. */
  CANCELLED,
  /** The conversion closed a cycle of conversions that wait for each other. */
  DEADLOCK
}
