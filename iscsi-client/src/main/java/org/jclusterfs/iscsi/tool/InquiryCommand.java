package org.jclusterfs.iscsi.tool;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.scsi.UnitQuery;
import org.jclusterfs.iscsi.session.IscsiSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.TypeConversionException;

@Command(
    name = "inquiry",
    description = {
      "Tells what a LUN says about itself.",
      "That is its standard INQUIRY data and its pages of vital product data, 00, 80, 83, B0, B1 and"
          + " B2 in words.",
      "The LUN need not be a disk."
    },
    footer = {"", "Example: iscsi inquiry --page 83 iscsi://10.0.0.5/iqn.2026-01.com.example:d/0"})
final class InquiryCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Option(
      names = "--page",
      paramLabel = "HEX",
      description = "only this page of vital product data; any, unknown ones as they are",
      converter = PageNumber.class)
  private Integer page;

  @Parameters(
      paramLabel = "DEVICE",
      description = IscsiTool.DEVICE,
      converter = IscsiTool.Device.class)
  private IscsiUrl device;

  @Override
  public Integer call() throws Exception {
    Map<String, List<Field>> sections = new LinkedHashMap<>();
    try (IscsiSession session = tool.openSession(device)) {
      UnitQuery unit = new UnitQuery(session, device.lun());
      unit.identity(); // fails in words where there is no such LUN
      if (page != null) {
        add(sections, unit, page, true);
      } else {
        sections.put("standard", InquiryWords.standard(unit.inquiry()));
        for (int each : new int[] {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2}) {
          add(sections, unit, each, false);
        }
      }
    }
    if (tool.isJson()) {
      Map<String, Object> document = new LinkedHashMap<>();
      sections.forEach((name, fields) -> document.put(name, Field.object(fields)));
      tool.print(document);
    } else {
      sections.forEach(this::print);
    }
    return 0;
  }

  private static void add(
      Map<String, List<Field>> sections, UnitQuery unit, int page, boolean required)
      throws IscsiException {
    ByteBuffer data = unit.vpd(page);
    if (data != null) {
      sections.put(String.format("vpd%02x", page), InquiryWords.page(page, data));
    } else if (required) {
      throw new IscsiException(
          String.format(
              "the unit has no page %02x of vital product data; page 00 lists those that it has",
              page));
    }
  }

  private void print(String name, List<Field> fields) {
    if (name.equals("standard")) {
      tool.out().println("Standard INQUIRY data");
    } else {
      int number = Integer.parseInt(name.substring("vpd".length()), 16);
      tool.out()
          .println(String.format("VPD page %02X: %s", number, InquiryWords.pageTitle(number)));
    }
    Field.print(tool.out(), "  ", fields);
  }

  /** A page's number in hexadecimal digits, with or without 0x. */
  static final class PageNumber implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      if (!text.matches("(0[xX])?[0-9a-fA-F]{1,2}")) {
        throw new TypeConversionException("'" + text + "' is no page number such as 83 or b0");
      }
      return Integer.parseInt(text.replaceFirst("0[xX]", ""), 16);
    }
  }
}
