package org.jclusterfs.iscsi.tool;

import java.io.Console;
import org.jclusterfs.iscsi.IscsiException;

/** What is asked before something is lost. */
final class Confirmation {

  private Confirmation() {}

  /**
   * Asks on the console.
   *
   * @param yes whether --yes was given: nothing is asked
   * @param question what to ask
   * @param undone what has not happened where the answer is not yes
   * @throws IscsiException where the answer is not yes, or nobody can be asked
   */
  static void require(boolean yes, String question, String undone) throws IscsiException {
    if (yes) {
      return;
    }
    Console console = System.console();
    if (console == null) {
      throw new IscsiException(undone + ": give --yes where nobody can be asked");
    }
    String answer = console.readLine("%s [y/N] ", question);
    if (answer == null || !answer.strip().equalsIgnoreCase("y")) {
      throw new IscsiException(undone);
    }
  }
}
