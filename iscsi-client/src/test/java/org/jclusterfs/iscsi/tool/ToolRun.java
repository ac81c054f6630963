package org.jclusterfs.iscsi.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** One run of the iscsi command in this process: what it printed and its exit status. */
record ToolRun(int status, String out, String err) {

  static final String INITIATOR = "iqn.2026-01.com.example.client:test";

  /** Runs the command as {@link #INITIATOR}. */
  static ToolRun of(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--initiator", INITIATOR));
    all.addAll(List.of(arguments));
    return plain(all.toArray(String[]::new));
  }

  /** Runs the command with nothing added. */
  static ToolRun plain(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = IscsiTool.run(new PrintWriter(out), new PrintWriter(err), arguments);
    return new ToolRun(status, out.toString(), err.toString());
  }

  /** It did what was asked, without a complaint. */
  ToolRun good() {
    assertEquals("", err);
    assertEquals(0, status, out);
    return this;
  }

  /** It ended with this status and one line, which holds all the words. */
  ToolRun refused(int expected, String... words) {
    assertEquals(expected, status, out + err);
    assertEquals(1, err.lines().count(), err);
    for (String word : words) {
      assertTrue(err.contains(word), "'" + word + "' is not in: " + err);
    }
    return this;
  }

  /** A line of its output matches. */
  ToolRun has(String regex) {
    assertTrue(
        Pattern.compile("^" + regex + "$", Pattern.MULTILINE).matcher(out).find(),
        "no line matches " + regex + " in:\n" + out);
    return this;
  }

  ToolRun hasNot(String text) {
    assertFalse(out.contains(text), out);
    return this;
  }

  JsonElement json() {
    return JsonParser.parseString(out);
  }
}
