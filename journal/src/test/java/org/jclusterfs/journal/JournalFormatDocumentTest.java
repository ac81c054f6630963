package org.jclusterfs.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The tables of docs/journal-format.md against the constants of the record classes. */
final class JournalFormatDocumentTest {

  private record Field(int offset, int width, String name) {}

  private static final Path DOCUMENT =
      Path.of(System.getProperty("basedir", ".")).resolve("../docs/journal-format.md");

  /** The rows of the n-th field table below the heading that names the class. */
  private static List<Field> table(Class<?> record, int number) throws IOException {
    List<Field> fields = new ArrayList<>();
    boolean inSection = false;
    int tables = -1;
    for (String line : Files.readAllLines(DOCUMENT)) {
      if (line.startsWith("## ")) {
        inSection = line.contains("`" + record.getSimpleName() + "`");
      }
      if (inSection && line.startsWith("| offset |")) {
        tables++;
      } else if (inSection && tables == number && line.matches("\\| \\d+ \\|.*")) {
        String[] cells = line.split("\\|");
        fields.add(
            new Field(
                Integer.parseInt(cells[1].trim()),
                Integer.parseInt(cells[2].trim()),
                cells[3].trim()));
      }
    }
    assertFalse(fields.isEmpty(), "no table for " + record);
    return fields;
  }

  private static void compare(Class<?> record, int number, int start, int end) throws Exception {
    int at = start;
    for (Field field : table(record, number)) {
      assertEquals(at, field.offset(), record.getSimpleName() + "." + field.name());
      at += field.width();
      if (!field.name().equals("reserved")) {
        String constant = field.name().replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
        assertEquals(
            field.offset(), record.getDeclaredField(constant).getInt(null), record + constant);
      }
    }
    assertEquals(end, at, "length of " + record.getSimpleName());
  }

  @Test
  void headerAgrees() throws Exception {
    compare(JournalHeader.class, 0, 0, JournalFixture.BLOCK);
  }

  @Test
  void logBlockAgrees() throws Exception {
    compare(LogBlock.class, 0, 0, LogBlock.BYTES);
  }

  @Test
  void entryAgrees() throws Exception {
    compare(EntryTag.class, 0, 0, EntryTag.BYTES);
  }

  @Test
  void commitRecordAgrees() throws Exception {
    compare(CommitRecord.class, 0, LogBlock.BYTES, JournalFixture.BLOCK);
    compare(CommitRecord.class, 1, 0, CommitRecord.DEPENDENCY_BYTES);
  }

  @Test
  void magicsAgree() throws IOException {
    String document = Files.readString(DOCUMENT);
    assertTrue(document.contains("`JournalHeader`, magic " + text(JournalHeader.MAGIC_VALUE)));
    assertTrue(
        document.contains(
            "`LogBlock`, magic "
                + text(LogBlock.MAGIC_DATA)
                + " or "
                + text(LogBlock.MAGIC_COMMIT)));
  }

  private static String text(int magic) {
    byte[] bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(magic).array();
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
