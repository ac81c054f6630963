package org.jclusterfs.iscsi.login;

import java.nio.ByteBuffer;
import org.jclusterfs.iscsi.Portal;

/** What a login wants next. */
public interface LoginStep {

  /**
   * Send a Login Request.
   *
   * @param bhs its header
   * @param text its data segment
   */
  record Send(ByteBuffer bhs, ByteBuffer text) implements LoginStep {}

  /**
   * The session is in its Full Feature Phase.
   *
   * @param parameters what was agreed
   */
  record Done(NegotiatedParameters parameters) implements LoginStep {}

  /**
   * The target is to be found elsewhere (Status-Class 1).
   *
   * @param portal where
   */
  record Redirect(Portal portal) implements LoginStep {}
}
