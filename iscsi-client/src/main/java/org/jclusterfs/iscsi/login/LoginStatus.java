package org.jclusterfs.iscsi.login;

import org.jclusterfs.iscsi.ChapCredentials;
import org.jclusterfs.iscsi.LoginException;

/** Status-Class and Status-Detail (RFC 7143 section 11.13.5) in words, with what to check. */
final class LoginStatus {

  private LoginStatus() {}

  /**
   * Makes the failure of a refused login.
   *
   * @param chap the credentials that the initiator offered, or null
   * @param asked whether the target had asked for a secret before
   */
  static LoginException refused(
      int statusClass, int detail, LoginSubject subject, ChapCredentials chap, boolean asked) {
    String code = String.format("%02x%02x", statusClass, detail);
    return new LoginException(
        subject.target()
            + " at "
            + subject.portal()
            + " refused the login: "
            + words(statusClass << 8 | detail, subject, chap, asked)
            + " (status "
            + code
            + ")",
        statusClass,
        detail);
  }

  private static String words(
      int status, LoginSubject subject, ChapCredentials chap, boolean asked) {
    switch (status) {
      case 0x0201:
        if (chap != null && !asked) {
          return "authentication failed before it asked for a secret: it may have none for this"
              + " initiator; set one there, or take its line from the secrets file";
        }
        return chap != null
            ? "authentication of CHAP user '"
                + chap.user()
                + "' failed; check the user and the secret in the secrets file against the target's"
            : "authentication failed; the target wants CHAP: write a line 'TARGET USER SECRET' to"
                + " the secrets file";
      case 0x0202:
        return "its access list does not let in this initiator; add "
            + subject.initiator()
            + " to it, or use the name that it has";
      case 0x0203:
        return "no such target there, or it is hidden from this initiator ("
            + subject.initiator()
            + "); compare the name with what 'iscsi discover "
            + subject.portal()
            + "' lists, and check the target's access list";
      case 0x0204:
        return "the target has been removed and left no new address";
      case 0x0205:
        return "it does not support this protocol version";
      case 0x0206:
        return "too many connections on this session";
      case 0x0207:
        return "it misses a login parameter";
      case 0x0208:
        return "it cannot include this connection in the session";
      case 0x0209:
        return "it does not support this type of session";
      case 0x020a:
        return "it does not know the session";
      case 0x020b:
        return "a login request was not valid at this stage";
      case 0x0300:
        return "it has a hardware or software error; look at its log";
      case 0x0301:
        return "the service or the target is unavailable; check the target's name (LIO answers so"
            + " for one that does not exist) and that it is enabled";
      case 0x0302:
        return "it is out of resources (sessions, connections or memory)";
      default:
        return status >> 8 == 2
            ? "initiator error; look at the target's log"
            : "target error; look at its log";
    }
  }
}
