package org.jclusterfs.iscsi;

/** A login that failed for a reason that trying again does not cure. */
public final class LoginException extends IscsiException {
  private static final long serialVersionUID = 1L;

  private final int statusClass;
  private final int statusDetail;

  /**
   * Makes one.
   *
   * @param message what was refused, by whom, and what to check
   * @param statusClass Status-Class of the Login Response (RFC 7143 section 11.13.5), 0 where the
   *     initiator refused
   * @param statusDetail Status-Detail, 0 where the initiator refused
   */
  public LoginException(String message, int statusClass, int statusDetail) {
    super(message);
    this.statusClass = statusClass;
    this.statusDetail = statusDetail;
  }

  /** Status-Class: 2 initiator error, 3 target error, 0 where the initiator itself refused. */
  public int statusClass() {
    return statusClass;
  }

  /** Status-Detail, 0 where the initiator itself refused. */
  public int statusDetail() {
    return statusDetail;
  }

  /** Whether the target may think otherwise in a moment (out of resources, unavailable). */
  public boolean isTransient() {
    return statusClass == 3;
  }
}
