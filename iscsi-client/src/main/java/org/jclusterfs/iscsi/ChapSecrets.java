package org.jclusterfs.iscsi;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The root-only file of CHAP secrets: a line is {@code TARGET USER SECRET [MUTUAL-USER
 * MUTUAL-SECRET]}, separated by blanks; TARGET is a target's name or {@code *}; lines that begin
 * with # and empty ones are ignored.
 */
public final class ChapSecrets {

  private record Line(String target, ChapCredentials credentials) {}

  private final Path file;
  private final List<Line> lines;

  private ChapSecrets(Path file, List<Line> lines) {
    this.file = file;
    this.lines = lines;
  }

  /**
   * Reads a file; one that does not exist holds no secrets.
   *
   * @throws IscsiException where others than root could read or change it, or a line is wrong
   */
  public static ChapSecrets read(Path file) throws IscsiException {
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return new ChapSecrets(file, List.of());
      }
      PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
      checkAccess(
          file,
          attributes.owner().getName(),
          attributes.permissions(),
          System.getProperty("user.name"));
      return parse(file, Files.readAllLines(file));
    } catch (IscsiException e) {
      throw e;
    } catch (AccessDeniedException e) {
      throw new IscsiException("only root may read the CHAP secrets in " + file, e);
    } catch (IOException e) {
      throw new IscsiException("cannot read the CHAP secrets in " + file + ": " + e, e);
    }
  }

  /** The owner is root, or who runs this where that is not root; nobody else has any right. */
  static void checkAccess(
      Path file, String owner, Set<PosixFilePermission> permissions, String runningUser)
      throws IscsiException {
    if (!owner.equals("root") && !owner.equals(runningUser)) {
      throw new IscsiException(
          file + " belongs to " + owner + ", not to root; run: chown root " + file);
    }
    if (!EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)
        .containsAll(permissions)) {
      throw new IscsiException(
          file
              + " holds CHAP secrets, and others than its owner have rights to it ("
              + PosixFilePermissions.toString(permissions)
              + "); run: chmod 600 "
              + file);
    }
  }

  static ChapSecrets parse(Path file, List<String> text) throws IscsiException {
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < text.size(); i++) {
      String line = text.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] words = line.split("\\s+");
      if (words.length != 3 && words.length != 5) {
        throw new IscsiException(
            file
                + " line "
                + (i + 1)
                + ": expected TARGET USER SECRET [MUTUAL-USER MUTUAL-SECRET], found "
                + words.length
                + " words");
      }
      try {
        lines.add(
            new Line(
                words[0].equals("*") ? "*" : InitiatorName.check(words[0]),
                new ChapCredentials(
                    words[1],
                    words[2],
                    words.length == 5 ? words[3] : null,
                    words.length == 5 ? words[4] : null)));
      } catch (IllegalArgumentException e) {
        throw new IscsiException(file + " line " + (i + 1) + ": " + e.getMessage(), e);
      }
    }
    return new ChapSecrets(file, lines);
  }

  /**
   * The credentials for a target: a line that names it before one with {@code *}, the first among
   * equals; with a user only its lines.
   *
   * @param target the target's name, or null for discovery, which only {@code *} serves
   * @param user the user that the URL names, or null for any
   * @return null where there are none and no user was asked for: log in without CHAP
   * @throws IscsiException where a user was asked for whom there is no line
   */
  public ChapCredentials find(String target, String user) throws IscsiException {
    for (String wanted : new String[] {target, "*"}) {
      for (Line line : lines) {
        if (line.target.equals(wanted) && (user == null || user.equals(line.credentials.user()))) {
          return line.credentials;
        }
      }
    }
    if (user == null) {
      return null;
    }
    throw new IscsiException(
        "there is no CHAP secret of user '"
            + user
            + "' for "
            + (target == null ? "discovery" : target)
            + " in "
            + file
            + "; add a line: "
            + (target == null ? "*" : target)
            + " "
            + user
            + " SECRET");
  }
}
