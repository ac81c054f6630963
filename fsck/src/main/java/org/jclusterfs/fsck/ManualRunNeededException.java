package org.jclusterfs.fsck;

/** Ends a -p run at a problem that wants a decision. */
final class ManualRunNeededException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ManualRunNeededException(Problem problem) {
    super(problem.name());
  }
}
