package org.jclusterfs.iscsi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** iSCSI names (RFC 7143 section 4.2.7) and the file in which open-iscsi keeps the initiator's. */
public final class InitiatorName {

  private static final int MAX_BYTES = 223;

  private InitiatorName() {}

  /**
   * Returns a name as it was given.
   *
   * @throws IllegalArgumentException where it is not an iqn., eui. or naa. name
   */
  public static String check(String name) {
    if (!name.matches("iqn\\.[0-9]{4}-[0-9]{2}\\..+|eui\\.[0-9A-Fa-f]{16}|naa\\.[0-9A-Fa-f]{16,32}")
        || name.length() > MAX_BYTES
        || name.chars().anyMatch(c -> c <= ' ' || c == 127)) {
      throw new IllegalArgumentException(
          "'" + name + "' is not an iSCSI name (such as iqn.2026-01.com.example:disk)");
    }
    return name;
  }

  /**
   * Reads the line {@code InitiatorName=iqn…}; blank lines and those that begin with # are ignored.
   *
   * @throws IscsiException where the file or the line is missing or wrong; says what to write
   */
  public static String read(Path file) throws IscsiException {
    String hint =
        "; write a line 'InitiatorName=iqn.2026-01.com.example:thishost' to it or give the name"
            + " with --initiator IQN (-o initiator=IQN for a mount)";
    try {
      for (String line : Files.readAllLines(file)) {
        String text = line.strip();
        if (text.startsWith("InitiatorName=")) {
          return check(text.substring("InitiatorName=".length()).strip());
        }
      }
    } catch (NoSuchFileException e) {
      throw new IscsiException("the initiator has no name: " + file + " does not exist" + hint, e);
    } catch (IOException e) {
      throw new IscsiException("the initiator has no name: " + file + ": " + e + hint, e);
    } catch (IllegalArgumentException e) {
      throw new IscsiException(file + ": " + e.getMessage() + hint, e);
    }
    throw new IscsiException(file + " has no line InitiatorName=…" + hint);
  }
}
