package org.jclusterfs.mkfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.device.ProcessIdentities;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Geometry;
import org.jclusterfs.core.format.SlotDescriptor;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.BlockIo;
import org.jclusterfs.core.volume.Superblocks;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MkfsTest {
  @TempDir Path directory;

  private Path file;
  private String device;
  private String output;
  private String errors;

  @BeforeEach
  void makeFile() throws IOException {
    file = directory.resolve("lun");
    device = "file:" + file;
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(64 << 20);
    }
  }

  private int run(Predicate<String> asker, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        MkfsMain.run(
            new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                asker),
            args);
    output = out.toString(StandardCharsets.UTF_8);
    errors = err.toString(StandardCharsets.UTF_8);
    return status;
  }

  private int mkfs(String... args) {
    return run(null, args);
  }

  private ByteBuffer superblock() throws IOException {
    try (BlockDevice opened = Devices.open(DeviceSpec.of(device))) {
      return Superblocks.readPrimary(opened);
    }
  }

  @Test
  void volumeIsMadeAsAsked() throws IOException {
    String uuid = "0b54b7ae-7f5c-4c84-9d3a-1e0f6e2f7a10";
    assertEquals(
        0,
        mkfs("-L", "tänk", "-N", "3", "-J", "size=2M", "-U", uuid, "-b", "4096", device, "8192"));
    ByteBuffer superblock = superblock();
    assertEquals("tänk", Superblock.label(superblock));
    assertEquals(uuid, BlockHeader.volumeUuid(superblock).toString());
    assertEquals(3, Superblock.slotCount(superblock));
    assertEquals(8192, Superblock.totalBlocks(superblock));
    assertEquals(Geometry.JOURNAL_AREA + 3 * 512, Superblock.groupArea(superblock));
    for (String told :
        new String[] {
          "Label: tänk",
          "UUID: " + uuid,
          "Block size: 4096",
          "(8192 blocks)",
          "Node slots: 3",
          "Journal size: 2097152",
          "Resource groups: ",
          "Backup superblocks: 8191",
          "Writing superblock: done"
        }) {
      assertTrue(output.contains(told), told + " in " + output);
    }
  }

  @Test
  void dryRunWritesNothing() throws IOException {
    byte[] before = Files.readAllBytes(file);
    assertEquals(0, mkfs("-n", device));
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  @Test
  void quietRunSaysNothing() {
    assertEquals(0, mkfs("-q", device));
    assertEquals("", output + errors);
  }

  @Test
  void existingVolumeIsKeptUnlessForcedOrConfirmed() throws IOException {
    assertEquals(0, mkfs("-L", "old", device));
    String uuid = BlockHeader.volumeUuid(superblock()).toString();
    assertEquals(1, mkfs(device));
    assertTrue(errors.contains("labelled \"old\"") && errors.contains("-F"), errors);
    assertEquals("", output);
    assertEquals(1, run(question -> false, device));
    assertEquals(uuid, BlockHeader.volumeUuid(superblock()).toString());
    assertEquals(0, run(question -> question.contains("old"), device));
    assertNotEquals(uuid, BlockHeader.volumeUuid(superblock()).toString());
    assertEquals(0, mkfs("-F", device));
  }

  @Test
  void otherFilesystemIsKeptUnlessForced() throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(1080);
      raw.write(new byte[] {0x53, (byte) 0xef});
    }
    assertEquals(1, mkfs(device));
    assertTrue(errors.contains("ext4"), errors);
    assertEquals(0, mkfs("-F", device));
    assertEquals(1, mkfs(device));
    assertTrue(errors.contains("jclusterfs"), errors);
  }

  @Test
  void mountedVolumeIsRefusedEvenWhenForced() throws IOException {
    assertEquals(0, mkfs(device));
    try (BlockDevice opened = Devices.open(DeviceSpec.of(device))) {
      var here = ProcessIdentities.current();
      long address = Geometry.of(superblock()).slotBlock(2);
      ByteBuffer slot = BlockIo.read(opened, address, 1);
      SlotDescriptor.state(slot, SlotDescriptor.MOUNTED);
      SlotDescriptor.incarnation(slot, 7);
      SlotDescriptor.bootId(slot, here.bootId());
      SlotDescriptor.pidNamespace(slot, here.pidNamespace());
      SlotDescriptor.pid(slot, here.pid());
      SlotDescriptor.startTime(slot, here.startTime());
      SlotDescriptor.hostName(slot, "alpha");
      BlockHeader.seal(slot);
      BlockIo.write(opened, address, slot);
    }
    assertEquals(1, mkfs("-F", device));
    assertTrue(errors.contains("alpha") && errors.contains("in use"), errors);
    assertEquals("", output);
  }

  @Test
  void whatIsWrongIsNamed() {
    assertEquals(1, mkfs("file:" + directory + "/missing"));
    assertTrue(errors.contains("missing"), errors);
    assertEquals(1, mkfs("-b", "1024", device));
    assertTrue(errors.contains("4096"), errors);
    assertEquals(1, mkfs("-J", "64M", device));
    assertTrue(errors.contains("size="), errors);
    assertEquals(1, mkfs("-J", "size=lots", device));
    assertTrue(errors.contains("lots"), errors);
    assertEquals(1, mkfs("-U", "1-2-3-4-5", device));
    assertTrue(errors.contains("UUID"), errors);
    assertEquals(1, mkfs("-N", "300", device));
    assertTrue(errors.contains("255"), errors);
    assertEquals(1, mkfs(device, "1T"));
    assertTrue(errors.contains("only 16384 blocks"), errors);
    assertEquals(1, mkfs());
    assertTrue(errors.contains("DEVICE"), errors);
  }

  @Test
  void helpAndVersionAreShown() {
    assertEquals(0, mkfs("--help"));
    assertTrue(output.contains("--node-slots"), output);
    assertEquals(0, mkfs("--version"));
    assertTrue(output.startsWith("mkfs.jclusterfs "), output);
  }
}
