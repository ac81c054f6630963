package org.jclusterfs.dlm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/wire-protocol.md and {@link MessageType} say the same. */
class WireDocumentTest {
  private static final Pattern HEADING = Pattern.compile("### ([A-Z]+) \\((\\d+)\\)");
  private static final Pattern ROW =
      Pattern.compile("\\| (\\d+) \\| (\\d+) \\| (\\w+) \\| \\S.* \\|");

  @Test
  void documentAndLayoutsAgree() throws IOException {
    Path document = Path.of("../docs/wire-protocol.md");
    Map<String, List<MessageType.Field>> documented = new TreeMap<>();
    Map<String, Integer> codes = new TreeMap<>();
    List<MessageType.Field> current = new ArrayList<>();
    for (String line : Files.readAllLines(document)) {
      Matcher heading = HEADING.matcher(line);
      Matcher row = ROW.matcher(line);
      if (heading.matches()) {
        current = new ArrayList<>();
        documented.put(heading.group(1), current);
        codes.put(heading.group(1), Integer.parseInt(heading.group(2)));
      } else if (row.matches()) {
        current.add(
            new MessageType.Field(
                row.group(3), Integer.parseInt(row.group(1)), Integer.parseInt(row.group(2))));
      }
    }
    for (MessageType type : MessageType.values()) {
      assertEquals(type.fields(), documented.remove(type.name()), type.name());
      assertEquals(type.code(), codes.get(type.name()), type.name());
    }
    assertEquals(Map.of(), documented);
  }
}
