package org.jclusterfs.journal;

/** Plants faults in a journal, for the tests of every module. */
public final class Faults {
  private Faults() {}

  /** Options of a journal, or of a recovery, that leaves the given things out. */
  public static JournalOptions plant(JournalOptions options, Fault... faults) {
    JournalOptions result = options;
    for (Fault fault : faults) {
      result = result.leavingOut(fault);
    }
    return result;
  }
}
