package org.jclusterfs.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

  private static String document() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Path beside = here.resolve("docs/fsck-problems.md");
    return Files.readString(
        Files.exists(beside) ? beside : here.resolveSibling("docs/fsck-problems.md"));
  }

  @Test
  void documentRepeatsTheListOfProblems() throws IOException {
    String text = document();
    int begin = text.indexOf("| code |");
    assertEquals(table(), text.substring(begin, text.indexOf("\n\n", begin) + 1));
  }

  @Test
  void promisesNameNoCodeThatThereIsNot() throws IOException {
    String text = document();
    String promises = text.substring(text.indexOf("## What the format promises"));
    Set<String> named = new TreeSet<>();
    Matcher code = Pattern.compile("[A-Z]+(_[A-Z]+)+").matcher(promises);
    while (code.find()) {
      named.add(code.group());
    }
    named.removeIf(name -> Stream.of(Problem.values()).anyMatch(p -> p.name().equals(name)));
    assertEquals(Set.of(), named);
  }

  @Test
  void everyProblemIsPlanted() {
    assertEquals(EnumSet.allOf(Problem.class), EnumSet.copyOf(Plants.ALL.keySet()));
  }
}
