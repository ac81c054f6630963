package org.jclusterfs.iscsi.login;

import java.util.List;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;

/**
 * Is told what happens in a login, for people who want to see it. Called on the thread that drives
 * the login or on an event loop, one call after the other; must be short.
 */
@FunctionalInterface
public interface LoginObserver {

  /** Looks away. */
  LoginObserver NONE = (what, keys) -> {};

  /**
   * Something happened.
   *
   * @param what in words, such as "sent, operational negotiation"
   * @param keys the text keys that were sent or received, CHAP's binary ones by their length only;
   *     empty where it was something else
   */
  void happened(String what, List<Pair> keys);
}
