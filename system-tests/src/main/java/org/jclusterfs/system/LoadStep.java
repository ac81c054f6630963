package org.jclusterfs.system;

/** What an endless load does in turn, and acknowledges by its name when the fsync has returned. */
enum LoadStep {
  /** A record appended to the writer's own file. */
  OWN,
  /** A record appended to the file that all writers share. */
  SHARED,
  /** A record written over an older one, in a file of {@link LoadWorker#PLACES} places. */
  PLACE,
  /** A file made under a temporary name and renamed. */
  FILE,
  /** A directory with a file in it, made under a temporary name and renamed. */
  DIRECTORY;

  /** The word that the load says. */
  String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** The step with that word, or null. */
  static LoadStep of(String word) {
    for (LoadStep step : values()) {
      if (step.word().equals(word)) {
        return step;
      }
    }
    return null;
  }
}
