package org.jclusterfs.core.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the tables of docs/on-disk-format.md with the constants of the views. */
class FormatDocumentTest {
  private static final Pattern VIEW = Pattern.compile("`([A-Z][A-Za-z]+)`");
  private static final Pattern MAGIC = Pattern.compile("magic `?(JC[A-Z]{2})");
  private static final Pattern ROW =
      Pattern.compile("\\| (\\d+) \\| ([0-9n×  ]+) \\| ([A-Za-z]+) \\|.*");

  private record Field(int offset, String width, String name) {
    int end() {
      int length = 1;
      for (String factor : width.split("×")) {
        length *= Integer.parseInt(factor.strip());
      }
      return offset + length;
    }
  }

  private final Map<String, List<Field>> tables = new TreeMap<>();
  private final Map<String, String> magics = new TreeMap<>();

  FormatDocumentTest() throws IOException {
    String view = null;
    String text = Files.readString(document(), StandardCharsets.UTF_8);
    for (String line : text.split("\n")) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        tables
            .computeIfAbsent(view, v -> new ArrayList<>())
            .add(
                new Field(
                    Integer.parseInt(row.group(1)), row.group(2).strip(), row.group(3).strip()));
      } else if (!line.startsWith("|")) {
        Matcher name = VIEW.matcher(line);
        while (name.find()) {
          if (isView(name.group(1))) {
            view = name.group(1);
          }
        }
        Matcher magic = MAGIC.matcher(line);
        if (magic.find()) {
          magics.put(view, magic.group(1));
        }
      }
    }
  }

  private static Path document() {
    Path here = Path.of("").toAbsolutePath();
    Path beside = here.resolve("docs/on-disk-format.md");
    return Files.exists(beside) ? beside : here.resolveSibling("docs/on-disk-format.md");
  }

  private static boolean isView(String name) {
    try {
      Class.forName("org.jclusterfs.core.format." + name);
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private static int constant(String view, String name) {
    try {
      return Class.forName("org.jclusterfs.core.format." + view).getField(name).getInt(null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(view + "." + name + " is missing", e);
    }
  }

  @Test
  void everyRecordOfTheFormatHasItsTable() {
    assertEquals(
        new TreeSet<>(
            List.of(
                "BlockHeader",
                "Superblock",
                "SlotDescriptor",
                "Heartbeat",
                "FenceBlock",
                "GroupHeader",
                "BitmapBlock",
                "InodeBlock",
                "InodeValue",
                "NodeHeader",
                "IndexEntry",
                "ExtentEntry",
                "DirectoryEntry",
                "XattrBlock")),
        new TreeSet<>(tables.keySet()));
  }

  @Test
  void everyFieldOfTheDocumentHasItsOffsetConstant() {
    tables.forEach(
        (view, fields) -> {
          for (Field field : fields) {
            if (!field.name().equals("reserved")) {
              String name =
                  field.name().replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT) + "_OFFSET";
              assertEquals(field.offset(), constant(view, name), view + "." + name);
            }
          }
        });
  }

  @Test
  void everyOffsetConstantHasItsRowInTheDocument() throws ClassNotFoundException {
    for (Map.Entry<String, List<Field>> table : tables.entrySet()) {
      Class<?> view = Class.forName("org.jclusterfs.core.format." + table.getKey());
      long constants =
          java.util.Arrays.stream(view.getFields())
              .filter(f -> f.getName().endsWith("_OFFSET"))
              .count();
      long named = table.getValue().stream().filter(f -> !f.name().equals("reserved")).count();
      assertEquals(named, constants, table.getKey());
    }
  }

  @Test
  void fieldsFollowOneAnotherWithoutGapOrOverlap() {
    tables.forEach(
        (view, fields) -> {
          for (int i = 0; i + 1 < fields.size(); i++) {
            Field field = fields.get(i);
            assertEquals(fields.get(i + 1).offset(), field.end(), view + " after " + field.name());
          }
        });
  }

  @Test
  void recordsFillTheirBlock() {
    assertEquals(BlockHeader.LENGTH, last("BlockHeader").end());
    assertEquals(NodeHeader.LENGTH, last("NodeHeader").end());
    assertEquals(IndexEntry.LENGTH, last("IndexEntry").end());
    assertEquals(InodeValue.LENGTH, last("InodeValue").end());
    assertEquals(ExtentEntry.LENGTH, last("ExtentEntry").end());
    for (String view : List.of("BitmapBlock", "InodeBlock", "XattrBlock")) {
      assertEquals(BlockHeader.BLOCK_SIZE, last(view).end(), view);
    }
    for (String view : List.of("Superblock", "SlotDescriptor", "Heartbeat", "GroupHeader")) {
      assertTrue(last(view).end() <= 512 * 8, view);
      assertEquals(BlockHeader.LENGTH, tables.get(view).get(0).offset(), view);
    }
  }

  private Field last(String view) {
    List<Field> fields = tables.get(view);
    return fields.get(fields.size() - 1);
  }

  @Test
  void magicsAreTheDocumentedCharactersInReadingOrder() {
    assertEquals(11, magics.size(), magics.toString());
    magics.forEach(
        (view, magic) -> {
          int value = constant(view, "MAGIC");
          StringBuilder characters = new StringBuilder();
          for (int i = 0; i < 4; i++) {
            characters.append((char) (value >>> 8 * i & 0xff));
          }
          assertEquals(magic, characters.toString(), view);
        });
  }
}
