package org.jclusterfs.iscsi.tool;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of bytes as people write and read them: 4096, 4K, 1M; 1.5 GiB. */
final class ByteCount implements ITypeConverter<Integer> {

  private static final String SUFFIXES = "KM";

  /** A size in the largest unit in which it is at least one. */
  static String inWords(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double size = bytes;
    int unit = -1;
    while (size >= 1024 && unit < 5) {
      size /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %ciB", size, "KMGTPE".charAt(unit));
  }

  @Override
  public Integer convert(String text) {
    String digits = text.toUpperCase(Locale.ROOT);
    int suffix = digits.isEmpty() ? -1 : SUFFIXES.indexOf(digits.charAt(digits.length() - 1));
    if (suffix >= 0) {
      digits = digits.substring(0, digits.length() - 1);
    }
    if (!digits.matches("[0-9]{1,9}")) {
      throw new TypeConversionException("'" + text + "' is not a number of bytes such as 4096, 4K");
    }
    long bytes = Long.parseLong(digits) << 10 * (suffix + 1);
    if (bytes < 1 || bytes > 1 << 30) {
      throw new TypeConversionException("'" + text + "' is not in 1–1024M");
    }
    return (int) bytes;
  }
}
