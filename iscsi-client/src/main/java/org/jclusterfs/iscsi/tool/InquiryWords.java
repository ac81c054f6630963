package org.jclusterfs.iscsi.tool;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Standard INQUIRY data and pages of vital product data in words (SPC-4 sections 6.6 and 7.8, SBC-3
 * section 6.6). Fields that lie beyond the end of a short page read as zero.
 */
final class InquiryWords {

  private static final String[] TYPES = {
    "disk",
    "tape",
    "printer",
    "processor",
    "write-once",
    "CD or DVD",
    "scanner",
    "optical memory",
    "medium changer",
    "communications",
    "obsolete",
    "obsolete",
    "storage array controller",
    "enclosure services",
    "simplified disk",
    "optical card",
    "bridge controller",
    "object-based storage"
  };

  private static final String[] QUALIFIERS = {"connected", "not connected", "reserved", "none"};
  private static final String[] VERSIONS = {"none", "", "", "SPC", "SPC-2", "SPC-3", "SPC-4"};
  private static final String[] ALUA = {"no", "implicit", "explicit", "implicit and explicit"};
  private static final String[] PROVISIONING = {"not told", "resource", "thin", "two-tiered"};
  private static final String[] ASSOCIATIONS = {
    "logical unit", "target port", "target device", "reserved"
  };

  private InquiryWords() {}

  /** A peripheral device type in words. */
  static String deviceType(int type) {
    return type < TYPES.length ? TYPES[type] : type == 0x1e ? "well-known LUN" : "type " + type;
  }

  /** What a page is called. */
  static String pageTitle(int page) {
    switch (page) {
      case 0x00:
        return "supported pages";
      case 0x80:
        return "unit serial number";
      case 0x83:
        return "device identification";
      case 0x86:
        return "extended INQUIRY data";
      case 0x87:
        return "mode page policy";
      case 0x88:
        return "SCSI ports";
      case 0x8f:
        return "third-party copy";
      case 0xb0:
        return "block limits";
      case 0xb1:
        return "block device characteristics";
      case 0xb2:
        return "logical block provisioning";
      case 0xb3:
        return "referrals";
      default:
        return page >= 0xc0 ? "of the vendor" : "other";
    }
  }

  static List<Field> standard(ByteBuffer data) {
    int type = data.get(0) & 0x1f;
    int qualifier = data.get(0) >> 5 & 7;
    int version = data.get(2) & 0xff;
    int alua = data.get(5) >> 4 & 3;
    return List.of(
        new Field(
            "peripheralQualifier",
            "Unit",
            qualifier,
            (qualifier < QUALIFIERS.length ? QUALIFIERS[qualifier] : "of the vendor")
                + " (peripheral qualifier "
                + qualifier
                + ")"),
        new Field("deviceType", "Device type", type, deviceType(type) + " (" + type + ")"),
        Field.of("vendor", "Vendor", text(data, 8, 8)),
        Field.of("product", "Product", text(data, 16, 16)),
        Field.of("revision", "Revision", text(data, 32, 4)),
        new Field(
            "version",
            "Standard",
            version,
            (version < VERSIONS.length && !VERSIONS[version].isEmpty()
                    ? VERSIONS[version]
                    : version == 7 ? "SPC-5" : "unknown")
                + " ("
                + version
                + ")"),
        Field.of("removable", "Removable medium", bit(data, 1, 0x80)),
        new Field("alua", "Asymmetric access (ALUA)", alua, ALUA[alua]),
        Field.of("thirdPartyCopy", "Third-party copy", bit(data, 5, 8)),
        Field.of("protection", "Protection information", bit(data, 5, 1)),
        Field.of("multiPort", "Several ports", bit(data, 6, 0x10)),
        Field.of("commandQueuing", "Command queuing", bit(data, 7, 2)));
  }

  /** A page in words; one that this does not know as hexadecimal digits. */
  static List<Field> page(int page, ByteBuffer data) {
    switch (page) {
      case 0x00:
        return supported(data);
      case 0x80:
        return List.of(Field.of("serial", "Serial number", text(data, 4, data.remaining() - 4)));
      case 0x83:
        return designators(data);
      case 0xb0:
        return limits(data);
      case 0xb1:
        return characteristics(data);
      case 0xb2:
        return provisioning(data);
      default:
        byte[] bytes = new byte[data.remaining()];
        data.get(0, bytes);
        return List.of(Field.of("bytes", "Bytes", HexFormat.of().formatHex(bytes)));
    }
  }

  /** Numbers of the pages that page 00 lists. */
  static List<Integer> pages(ByteBuffer page00) {
    List<Integer> pages = new ArrayList<>();
    for (int at = 4; at < Math.min(page00.remaining(), 4 + (page00.get(3) & 0xff)); at++) {
      pages.add(page00.get(at) & 0xff);
    }
    return pages;
  }

  private static List<Field> supported(ByteBuffer data) {
    List<String> numbers = new ArrayList<>();
    List<String> words = new ArrayList<>();
    for (int page : pages(data)) {
      numbers.add(String.format("%02x", page));
      words.add(String.format("%02x %s", page, pageTitle(page)));
    }
    return List.of(new Field("pages", "Pages", numbers, String.join(", ", words)));
  }

  private static List<Field> designators(ByteBuffer data) {
    List<Map<String, Object>> objects = new ArrayList<>();
    StringBuilder words = new StringBuilder();
    int end = Math.min(data.remaining(), 4 + short16(data, 2));
    for (int at = 4; at + 4 <= end; ) {
      int length = data.get(at + 3) & 0xff;
      if (length > end - at - 4) {
        break;
      }
      String association = ASSOCIATIONS[data.get(at + 1) >> 4 & 3];
      String[] designator = designator(data, at, length);
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("association", association);
      object.put("type", designator[0]);
      object.put("value", designator[1]);
      objects.add(object);
      words.append("\n    ").append(association).append(": ").append(designator[0]).append(' ');
      words.append(designator[1]);
      at += 4 + length;
    }
    return List.of(
        new Field(
            "designators",
            "Designators",
            objects,
            objects.isEmpty() ? "none" : objects.size() + words.toString()));
  }

  /** Type and value of the designator whose header lies at {@code at}. */
  private static String[] designator(ByteBuffer data, int at, int length) {
    byte[] bytes = new byte[length];
    data.get(at + 4, bytes);
    String hex = HexFormat.of().formatHex(bytes);
    int type = data.get(at + 1) & 0xf;
    switch (type) {
      case 0:
        return new String[] {"vendor specific", (data.get(at) & 0xf) == 1 ? hex : plain(bytes)};
      case 1:
        return new String[] {"T10", plain(bytes)};
      case 2:
        return new String[] {"EUI-64", hex};
      case 3:
        return new String[] {"NAA", hex};
      case 4:
        return new String[] {"relative target port", "" + (length < 4 ? 0 : data.getInt(at + 4))};
      case 5:
        return new String[] {"target port group", "" + (length < 4 ? 0 : short16(data, at + 6))};
      case 6:
        return new String[] {"logical unit group", "" + (length < 4 ? 0 : short16(data, at + 6))};
      case 8:
        return new String[] {"name", plain(bytes)};
      default:
        return new String[] {"type " + type, hex};
    }
  }

  private static List<Field> limits(ByteBuffer data) {
    return List.of(
        blocks("maximumTransferLength", "Maximum transfer length", unsigned(data, 8)),
        blocks("optimalTransferLength", "Optimal transfer length", unsigned(data, 12)),
        blocks("optimalTransferGranularity", "Optimal granularity", short16(data, 6)),
        unmap("maximumUnmapBlocks", "Maximum UNMAP", unsigned(data, 20), "blocks"),
        unmap("maximumUnmapRanges", "Maximum UNMAP ranges", unsigned(data, 24), "ranges"),
        blocks("optimalUnmapGranularity", "Optimal UNMAP granularity", unsigned(data, 28)),
        blocks("maximumWriteSameLength", "Maximum WRITE SAME length", long64(data, 36)),
        new Field(
            "maximumCompareAndWriteLength",
            "Maximum COMPARE AND WRITE length",
            number(data, 5),
            number(data, 5) == 0 ? "not supported" : number(data, 5) + " blocks"));
  }

  private static Field blocks(String key, String label, long value) {
    return new Field(key, label, value, value == 0 ? "not told" : value + " blocks");
  }

  private static Field unmap(String key, String label, long value, String unit) {
    return new Field(
        key,
        label,
        value,
        value == 0 ? "not supported" : value == 0xffff_ffffL ? "not limited" : value + " " + unit);
  }

  private static List<Field> characteristics(ByteBuffer data) {
    int rate = short16(data, 4);
    int form = number(data, 7) & 0xf;
    String[] forms = {"not told", "5.25 inch", "3.5 inch", "2.5 inch", "1.8 inch", "less"};
    return List.of(
        new Field(
            "rotationRate",
            "Rotation",
            rate,
            rate == 0 ? "not told" : rate == 1 ? "none (solid state)" : rate + " per minute"),
        new Field(
            "formFactor", "Form factor", form, form < forms.length ? forms[form] : "" + form));
  }

  private static List<Field> provisioning(ByteBuffer data) {
    int type = number(data, 6) & 7;
    int zeros = number(data, 5) >> 2 & 7;
    return List.of(
        new Field(
            "provisioningType",
            "Provisioning",
            type,
            type < PROVISIONING.length ? PROVISIONING[type] : "type " + type),
        Field.of("unmap", "UNMAP", (number(data, 5) & 0x80) != 0),
        Field.of("writeSame16Unmaps", "WRITE SAME(16) unmaps", (number(data, 5) & 0x40) != 0),
        Field.of("writeSame10Unmaps", "WRITE SAME(10) unmaps", (number(data, 5) & 0x20) != 0),
        Field.of("unmappedReadsZeros", "Unmapped blocks read as zeros", (zeros & 1) != 0),
        Field.of("anchors", "Anchored blocks", (number(data, 5) & 2) != 0));
  }

  private static boolean bit(ByteBuffer data, int at, int mask) {
    return (number(data, at) & mask) != 0;
  }

  private static int number(ByteBuffer data, int at) {
    return at < data.remaining() ? data.get(at) & 0xff : 0;
  }

  private static int short16(ByteBuffer data, int at) {
    return at + 2 <= data.remaining() ? data.getShort(at) & 0xffff : 0;
  }

  private static long unsigned(ByteBuffer data, int at) {
    return at + 4 <= data.remaining() ? data.getInt(at) & 0xffff_ffffL : 0;
  }

  private static long long64(ByteBuffer data, int at) {
    return at + 8 <= data.remaining() ? data.getLong(at) : 0;
  }

  private static String text(ByteBuffer data, int at, int length) {
    byte[] bytes = new byte[Math.max(0, Math.min(length, data.remaining() - at))];
    data.get(at, bytes);
    return plain(bytes);
  }

  /** Text without what a terminal would take for a command. */
  private static String plain(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", " ").strip();
  }
}
