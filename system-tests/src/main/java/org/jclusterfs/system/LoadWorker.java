package org.jclusterfs.system;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A process that uses one mount, so that several of them are independent users: locks and open
 * files are theirs alone. What it did it prints, one line each.
 */
public final class LoadWorker {

  /** Files that a worker of a campaign keeps; older ones it removes. */
  static final int KEPT_FILES = 40;

  /** Directories that it keeps. */
  static final int KEPT_DIRECTORIES = 10;

  /** Records in the file whose places are written over and over. */
  static final int PLACES = 200;

  private LoadWorker() {}

  /** Runs one kind of load: MODE PATH WRITER COUNT-OR-FIRST. */
  public static void main(String[] args) throws IOException {
    Path path = Path.of(args[1]);
    String writer = args[2];
    long number = Long.parseLong(args[3]);
    try {
      switch (args[0]) {
        case "append" -> append(path, writer, number);
        case "append-any" -> AppendCampaign.append(path, writer, number);
        case "create" -> create(path, writer, number);
        case "race" -> race(path, number);
        case "count" -> count(path, number);
        case "endless" -> endless(path, writer, number);
        case "stamp" -> Stamps.write(path, writer, number);
        case "bulk" -> BulkLoad.write(path, writer, number);
        case "watch" -> OldDataWatch.read(path);
        case "turns" -> Turns.take(path, writer, number);
        default -> throw new IllegalArgumentException("no load named " + args[0]);
      }
    } catch (IOException e) {
      System.out.println("error " + e);
      System.exit(3);
    }
  }

  /** The command line of a worker. */
  static List<String> command(String mode, Path path, String writer, long number) {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path classes = ProjectTree.root().resolve("system-tests/target/classes");
    return new ArrayList<>(
        List.of(
            java.toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-cp",
            classes.toString(),
            LoadWorker.class.getName(),
            mode,
            path.toString(),
            writer,
            Long.toString(number)));
  }

  /** Appends records to a file that others append to as well. */
  private static void append(Path file, String writer, long count) throws IOException {
    try (FileChannel channel = appending(file)) {
      for (long n = 0; n < count; n++) {
        writeAll(channel, new LoadRecord(writer, n));
      }
    }
  }

  /** Makes files in a directory in which others make files as well. */
  private static void create(Path directory, String writer, long count) throws IOException {
    for (long n = 0; n < count; n++) {
      Files.write(
          directory.resolve(writer + "-" + n),
          new LoadRecord(writer, n).encode(),
          StandardOpenOption.CREATE_NEW,
          StandardOpenOption.WRITE);
    }
  }

  /** Tries to be the one that makes each of a row of files; prints those it made. */
  private static void race(Path directory, long count) throws IOException {
    for (long n = 0; n < count; n++) {
      try {
        Files.createFile(directory.resolve("race-" + n));
        System.out.println("won " + n);
      } catch (FileAlreadyExistsException expected) {
        // the other one made it
      }
    }
  }

  /** Adds one to the number in a file, again and again, each time under an fcntl lock. */
  private static void count(Path file, long rounds) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      ByteBuffer buffer = ByteBuffer.allocate(8);
      for (long n = 0; n < rounds; n++) {
        try (FileLock lock = channel.lock()) {
          buffer.clear();
          channel.read(buffer, 0);
          long value = buffer.position() < 8 ? 0 : buffer.getLong(0);
          buffer.clear().putLong(value + 1).flip();
          channel.write(buffer, 0);
        }
      }
    }
  }

  /**
   * Until it fails or is killed: does every {@link LoadStep} in turn, each with fsync, and says its
   * word and the record's number when the fsync of that has returned.
   */
  private static void endless(Path directory, String writer, long first) throws IOException {
    Path files = Files.createDirectories(directory.resolve("files"));
    Path directories = Files.createDirectories(directory.resolve("directories"));
    try (FileChannel own = appending(directory.resolve(writer + ".log"));
        FileChannel shared = appending(directory.resolve("shared.log"));
        FileChannel places =
            FileChannel.open(
                directory.resolve(writer + ".places"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileChannel fileNames = FileChannel.open(files, StandardOpenOption.READ);
        FileChannel directoryNames = FileChannel.open(directories, StandardOpenOption.READ)) {
      for (long n = first; ; n++) {
        LoadRecord record = new LoadRecord(writer, n);
        writeAll(own, record);
        own.force(false);
        say(LoadStep.OWN, n);
        writeAll(shared, record);
        shared.force(false);
        say(LoadStep.SHARED, n);
        places.position(n % PLACES * LoadRecord.LENGTH);
        writeAll(places, record);
        places.force(false);
        say(LoadStep.PLACE, n);
        makeFile(files, writer + ".tmp", fileName(writer, n), record);
        fileNames.force(true);
        say(LoadStep.FILE, n);
        makeDirectory(directories, writer + ".tmp", fileName(writer, n), record);
        directoryNames.force(true);
        say(LoadStep.DIRECTORY, n);
        Files.deleteIfExists(files.resolve(fileName(writer, n - KEPT_FILES)));
        removeDirectory(directories.resolve(fileName(writer, n - KEPT_DIRECTORIES)));
      }
    }
  }

  private static void say(LoadStep step, long number) {
    System.out.println(step.word() + " " + number);
  }

  private static void makeFile(Path directory, String temporary, String name, LoadRecord record)
      throws IOException {
    Path made = directory.resolve(temporary);
    try (FileChannel file =
        FileChannel.open(
            made,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      writeAll(file, record);
      file.force(true);
    }
    Files.move(made, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void makeDirectory(
      Path directory, String temporary, String name, LoadRecord record) throws IOException {
    Path made = directory.resolve(temporary);
    removeDirectory(made); // where the writer's last life left it
    Files.createDirectory(made);
    makeFile(made, "record.tmp", "record", record);
    try (FileChannel names = FileChannel.open(made, StandardOpenOption.READ)) {
      names.force(true);
    }
    Files.move(made, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void removeDirectory(Path directory) throws IOException {
    Files.deleteIfExists(directory.resolve("record.tmp"));
    Files.deleteIfExists(directory.resolve("record"));
    Files.deleteIfExists(directory);
  }

  /** Name of the file, or directory, that holds record {@code n} of a writer. */
  static String fileName(String writer, long n) {
    return writer + "-" + n;
  }

  private static FileChannel appending(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static void writeAll(FileChannel channel, LoadRecord record) throws IOException {
    int written = channel.write(ByteBuffer.wrap(record.encode()));
    if (written != LoadRecord.LENGTH) {
      // One write(2) of 64 bytes: a second would not be one append any more.
      throw new IOException(
          "wrote " + written + " of " + new String(record.encode(), StandardCharsets.US_ASCII));
    }
  }
}
