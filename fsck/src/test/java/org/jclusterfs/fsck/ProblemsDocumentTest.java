package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

/** Holds the list of problems, its manual page and the plants together. */
class ProblemsDocumentTest {

  /** The table of docs/fsck-problems.md as the list of problems makes it. */
  static String table() {
    StringBuilder table = new StringBuilder("| code | what is wrong | repair | by -p |\n");
    table.append("| --- | --- | --- | --- |\n");
    for (Problem problem : Problem.values()) {
      table
          .append("| ")
          .append(problem.name())
          .append(" | ")
          .append(plain(problem.text()))
          .append(" | ")
          .append(plain(problem.repair()))
          .append(" | ")
          .append(problem.safe() ? "yes" : "no")
          .append(" |\n");
    }
    return table.toString();
  }

  private static String plain(String format) {
    return format.replaceAll("%(1\\$)?d", "N").replace("%s", "…");
  }

  @Test
  void documentRepeatsTheListOfProblems() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Path beside = here.resolve("docs/fsck-problems.md");
    Path document = Files.exists(beside) ? beside : here.resolveSibling("docs/fsck-problems.md");
    String text = Files.readString(document);
    assertEquals(table(), text.substring(text.indexOf("| code |")));
  }

  @Test
  void everyProblemIsPlanted() {
    assertEquals(EnumSet.allOf(Problem.class), EnumSet.copyOf(Plants.ALL.keySet()));
  }
}
