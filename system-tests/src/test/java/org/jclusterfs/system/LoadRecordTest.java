package org.jclusterfs.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.StringLength;

/** The audit stands on this: a whole record is known, anything else is not. */
class LoadRecordTest {

  @Property
  void encodedRecordIsReadBack(
      @ForAll @AlphaChars @StringLength(min = 1, max = 8) String writer,
      @ForAll @LongRange(min = 0, max = 999_999_999_999L) long number) {
    LoadRecord record = new LoadRecord(writer, number);
    assertEquals(LoadRecord.LENGTH, record.encode().length);
    assertEquals(Optional.of(record), LoadRecord.parse(line(record)));
  }

  @Property
  void recordWithAnotherCharacterInItsHeadIsRefused(
      @ForAll @LongRange(min = 0, max = 999_999_999_999L) long number,
      @ForAll @IntRange(max = 29) int position) {
    StringBuilder line = new StringBuilder(line(new LoadRecord("n1", number)));
    line.setCharAt(position, line.charAt(position) == '0' ? '1' : '0');
    assertEquals(Optional.empty(), LoadRecord.parse(line.toString()));
  }

  @Property
  void truncatedRecordIsRefused(@ForAll @IntRange(max = 62) int length) {
    String line = line(new LoadRecord("n1", 7));
    assertEquals(Optional.empty(), LoadRecord.parse(line.substring(0, length)));
  }

  private static String line(LoadRecord record) {
    return new String(record.encode(), StandardCharsets.US_ASCII).stripTrailing();
  }
}
