package org.jclusterfs.iscsi.scsi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class InquiryTest {

  private static final String LOCAL = "3000000000000001";
  private static final String REGISTERED = "5000c50012345678";
  private static final String EXTENDED = "60014050123456789abcdef012345678";

  private final ByteArrayOutputStream designators = new ByteArrayOutputStream();

  private InquiryTest with(int association, int type, byte[] designator) {
    designators.writeBytes(
        new byte[] {1, (byte) (association << 4 | type), 0, (byte) designator.length});
    designators.writeBytes(designator);
    return this;
  }

  private InquiryTest naa(String hex) {
    return with(0, 3, HexFormat.of().parseHex(hex));
  }

  private String wwid() {
    byte[] all = designators.toByteArray();
    return Inquiry.wwid(ByteBuffer.allocate(4 + all.length).put(4, all));
  }

  @Test
  void longestNaaNameIsTheWwidAndOneThatTheTargetMadeUpTheLastOfThem() {
    assertEquals("naa." + LOCAL, naa(LOCAL).wwid());
    assertEquals("naa." + REGISTERED, naa(REGISTERED).wwid());
    assertEquals("naa." + EXTENDED, naa(EXTENDED).wwid());
    assertEquals("naa." + EXTENDED, naa(REGISTERED).wwid());
  }

  @Test
  void namesOfPortsAndTargetsAreNotTheUnits() {
    byte[] text = "IET     00010001".getBytes(StandardCharsets.US_ASCII);
    assertEquals("", with(1, 3, HexFormat.of().parseHex(EXTENDED)).wwid());
    assertEquals("t10.IET     00010001", with(0, 1, text).wwid());
    assertEquals(
        "eui.0011223344556677", with(0, 2, HexFormat.of().parseHex("0011223344556677")).wwid());
  }

  @Test
  void designatorThatIsCutOffIsLeftOut() {
    designators.writeBytes(new byte[] {1, 3, 0, 16, 0x60});
    assertEquals("", wwid());
  }
}
