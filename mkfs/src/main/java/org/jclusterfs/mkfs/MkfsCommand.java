package org.jclusterfs.mkfs;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jclusterfs.core.cluster.ClusterVolume;
import org.jclusterfs.core.cluster.VolumeInUseException;
import org.jclusterfs.core.cluster.VolumeUsage;
import org.jclusterfs.core.device.BlockDevice;
import org.jclusterfs.core.device.DeviceSpec;
import org.jclusterfs.core.device.Devices;
import org.jclusterfs.core.device.Fencing;
import org.jclusterfs.core.format.BlockHeader;
import org.jclusterfs.core.format.Superblock;
import org.jclusterfs.core.volume.FormatOptions;
import org.jclusterfs.core.volume.FormatPlan;
import org.jclusterfs.core.volume.FormatProgress;
import org.jclusterfs.core.volume.Superblocks;
import org.jclusterfs.core.volume.UnusableVolumeException;
import org.jclusterfs.core.volume.UnusableVolumeException.Reason;
import org.jclusterfs.core.volume.VolumeFormatter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command line of mkfs.jclusterfs. */
@Command(
    name = "mkfs.jclusterfs",
    versionProvider = MkfsVersion.class,
    sortOptions = false,
    exitCodeOnInvalidInput = 1,
    exitCodeOnExecutionException = 1,
    description = "Makes a jclusterfs volume on a shared device.",
    footer = {
      "",
      "DEVICE is iscsi://[USER@]HOST[:PORT][,HOST…]/IQN/LUN, file:PATH or the path of a block device.",
      "Exit status: 0 the volume was made (or, with -n, could be), 1 it was not."
    })
final class MkfsCommand implements Callable<Integer> {
  // A slot that hardly any volume has, so that no node's registration is in the way.
  private static final int TOOL_SLOT = 254;

  private final Console console;

  MkfsCommand(Console console) {
    this.console = console;
  }

  @Option(
      names = {"-N", "--node-slots"},
      paramLabel = "SLOTS",
      description = "Nodes that can mount at a time: 1–255; default 4, 8 or 16 by size.")
  private Integer slots;

  @Option(
      names = {"-L", "--label"},
      paramLabel = "LABEL",
      defaultValue = "",
      description = "Volume label, up to 64 bytes in UTF-8.")
  private String label;

  @Option(
      names = {"-J", "--journal-options"},
      paramLabel = "size=SIZE",
      description = "Size of each node's journal, e.g. size=64M; default by volume size.")
  private String journal;

  @Option(
      names = {"-b", "--block-size"},
      paramLabel = "BYTES",
      description = "Block size: only 4096.")
  private String blockSize;

  @Option(
      names = {"-U", "--uuid"},
      paramLabel = "UUID",
      description = "UUID of the volume; default a random one.")
  private String uuid;

  @Option(
      names = {"-F", "--force"},
      description = "Overwrite what the device holds, without asking. Never a mounted volume.")
  private boolean force;

  @Option(
      names = {"-K", "--nodiscard"},
      description = "Do not tell the device first that all its blocks are unused.")
  private boolean keep;

  @Option(
      names = {"-n", "--dry-run"},
      description = "Show what would be made, and write nothing.")
  private boolean dryRun;

  @Option(
      names = {"-q", "--quiet"},
      description = "Say nothing but errors.")
  private boolean quiet;

  @Option(
      names = "--initiator",
      paramLabel = "IQN",
      description = "iSCSI initiator name; default from the initiator file.")
  private String initiator;

  @Option(
      names = "--initiator-file",
      paramLabel = "FILE",
      description = "Where InitiatorName= stands; default /etc/iscsi/initiatorname.iscsi.")
  private Path initiatorFile = DeviceSpec.INITIATOR_FILE;

  @Option(
      names = "--secrets",
      paramLabel = "FILE",
      description = "CHAP secrets; default /etc/jclusterfs/chap-secrets.")
  private Path secrets = DeviceSpec.SECRETS_FILE;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this and exit.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and exit.")
  private boolean version;

  @Parameters(index = "0", paramLabel = "DEVICE", description = "The shared device.")
  private String deviceName;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "BLOCKS-COUNT",
      description = "Size in blocks, or in bytes with a suffix K, M, G, T; default all.")
  private String blocksCount;

  @Override
  public Integer call() {
    try {
      FormatOptions options = options();
      DeviceSpec spec = new DeviceSpec(deviceName, initiator, initiatorFile, secrets);
      try (BlockDevice device = Devices.open(spec)) {
        return make(device, options);
      }
    } catch (IllegalArgumentException | IOException e) {
      console.error(e.getMessage() == null ? e.toString() : e.getMessage());
      return 1;
    }
  }

  private FormatOptions options() {
    if (blockSize != null && Sizes.bytes(blockSize, 1) != BlockHeader.BLOCK_SIZE) {
      throw new IllegalArgumentException("the block size is always 4096, -b " + blockSize);
    }
    if (slots != null && slots < 1) {
      throw new IllegalArgumentException("the number of node slots must be 1 to 255, not " + slots);
    }
    // Whoever makes a volume can use it, root or not.
    UnixSystem self = new UnixSystem();
    FormatOptions options =
        FormatOptions.defaults()
            .withOwner((int) self.getUid(), (int) self.getGid())
            .withSlots(slots == null ? 0 : slots)
            .withLabel(label)
            .withDiscard(!keep);
    if (journal != null) {
      if (!journal.startsWith("size=")) {
        throw new IllegalArgumentException("-J takes size=SIZE, not \"" + journal + "\"");
      }
      long blocks = Sizes.blocks(journal.substring(5), 1);
      if (blocks == 0) {
        throw new IllegalArgumentException(
            "a journal of less than one block is none: give -J size=1M or more");
      }
      options = options.withJournalBlocks(blocks);
    }
    if (blocksCount != null) {
      options = options.withBlocks(Sizes.blocks(blocksCount, BlockHeader.BLOCK_SIZE));
    }
    if (uuid != null) {
      UUID parsed;
      try {
        parsed = UUID.fromString(uuid);
      } catch (IllegalArgumentException e) {
        parsed = null;
      }
      if (parsed == null || !parsed.toString().equalsIgnoreCase(uuid)) {
        throw new IllegalArgumentException("\"" + uuid + "\" is not a UUID");
      }
      options = options.withUuid(parsed);
    }
    return options;
  }

  private int make(BlockDevice device, FormatOptions options) throws IOException {
    FormatPlan plan = FormatPlan.of(device.size() / BlockHeader.BLOCK_SIZE, options);
    // What is refused is refused before anything is said of what would be made.
    Optional<String> content = content(device);
    String found = deviceName + " contains " + content.orElse("nothing");
    boolean lossless = content.isEmpty() || force;
    if (!lossless && !dryRun && !console.canAsk()) {
      console.error(found + "; use -F to overwrite it");
      return 1;
    }
    if (!quiet) {
      describe(plan);
    }
    if (dryRun) {
      if (!lossless) {
        console.out().println(found);
      }
      return 0;
    }
    if (!lossless && !console.confirm(found + ".\nProceed anyway, and lose it?")) {
      return 1;
    }
    write(device, plan);
    if (!quiet) {
      console.out().println("mkfs.jclusterfs successful");
    }
    return 0;
  }

  /** Formats under a registration of our own: dead nodes may have left a reservation behind. */
  private void write(BlockDevice device, FormatPlan plan) throws IOException {
    Fencing fencing = device.fencing();
    long key = (long) TOOL_SLOT << 48 | 1 + new SecureRandom().nextLong((1L << 48) - 1);
    if (!fencing.register(TOOL_SLOT, key)) {
      throw new IOException(deviceName + " is being formatted by somebody else");
    }
    try {
      VolumeFormatter.format(device, plan, quiet ? FormatProgress.SILENT : this::progress);
    } finally {
      fencing.unregister(TOOL_SLOT, key);
    }
  }

  private void describe(FormatPlan plan) {
    PrintStream out = console.out();
    long blocks = plan.geometry().totalBlocks();
    long journalBytes = plan.journalBlocks() * BlockHeader.BLOCK_SIZE;
    long[] backups = plan.geometry().backups();
    StringBuilder places = new StringBuilder();
    for (long backup : backups) {
      places.append(places.length() == 0 ? "" : ", ").append(backup);
    }
    out.println("mkfs.jclusterfs " + MkfsVersion.number());
    out.println("Label: " + plan.label());
    out.println("UUID: " + plan.uuid());
    out.println("Block size: " + BlockHeader.BLOCK_SIZE);
    out.println("Volume size: " + blocks * BlockHeader.BLOCK_SIZE + " (" + blocks + " blocks)");
    out.println("Node slots: " + plan.geometry().slotCount());
    out.println("Journal size: " + journalBytes + " (" + plan.journalBlocks() + " blocks)");
    out.println(
        "Resource groups: "
            + plan.geometry().groupCount()
            + " of "
            + plan.geometry().groupBlocks()
            + " blocks");
    out.println("Backup superblocks: " + places);
  }

  /**
   * What is on the device, for people.
   *
   * @throws VolumeInUseException if it is a volume that somebody uses
   */
  private Optional<String> content(BlockDevice device) throws IOException {
    try {
      ByteBuffer superblock = Superblocks.readPrimary(device);
      String holders = holders(device, superblock);
      if (!holders.isEmpty()) {
        throw new VolumeInUseException(
            deviceName + " is in use: " + holders + "; unmount it there first");
      }
      String label = Superblock.label(superblock);
      return Optional.of(
          "a jclusterfs volume"
              + (label.isEmpty() ? "" : " labelled \"" + label + "\"")
              + " with UUID "
              + BlockHeader.volumeUuid(superblock));
    } catch (UnusableVolumeException e) {
      return e.reason() == Reason.NOT_A_VOLUME
          ? Signatures.find(device)
          : Optional.of("a jclusterfs volume that cannot be read (" + e.getMessage() + ")");
    }
  }

  /** Who has the volume mounted; empty: nobody who lives. */
  private String holders(BlockDevice device, ByteBuffer superblock) throws IOException {
    try {
      return VolumeUsage.holders(VolumeUsage.inspect(device, ClusterVolume.of(superblock)).live());
    } catch (IOException e) {
      if (force) {
        return ""; // its slots cannot be read: nobody can have it mounted for long
      }
      throw e;
    }
  }

  private void progress(String step, boolean done) {
    if (done) {
      console.out().println("done");
    } else {
      console.out().print(step + ": ");
      console.out().flush();
    }
  }
}
