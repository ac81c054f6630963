package org.jclusterfs.iscsi.tool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiUrl;
import org.jclusterfs.iscsi.scsi.Disk;
import org.jclusterfs.iscsi.scsi.PersistentReservations;
import org.jclusterfs.iscsi.scsi.PersistentReservations.FullStatus;
import org.jclusterfs.iscsi.scsi.PersistentReservations.Reservation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "keys",
    aliases = "reservations",
    description = {
      "Lists the persistent reservation of a LUN and its keys, or clears them.",
      "Tells who registered them where the target tells that (tgtd does not). SLOT is the jclusterfs"
          + " slot that a key of that form belongs to.",
      "A key stands there once for each path that registered it."
    },
    footer = {
      "",
      "Example: iscsi keys iscsi://10.0.0.5/iqn.2026-01.com.example:disk/0",
      "         iscsi keys --clear --yes iscsi://10.0.0.5/iqn.2026-01.com.example:disk/0"
    })
final class KeysCommand implements Callable<Integer> {

  /** A key to register by, so that the target lets us clear: "jclear". */
  private static final long CLEARING_KEY = 0x6a63_6c65_6172_0000L;

  /** Slots of a jclusterfs volume at most. */
  private static final int SLOTS = 255;

  private static final String[] TYPES = {
    "",
    "write exclusive",
    "",
    "exclusive access",
    "",
    "write exclusive, registrants only",
    "exclusive access, registrants only",
    "write exclusive, all registrants",
    "exclusive access, all registrants"
  };

  /** A registration; what the target does not tell is null. */
  private record Registration(
      String key, Integer slot, Boolean holder, String initiator, String isid) {}

  @ParentCommand private IscsiTool tool;

  @Option(
      names = "--clear",
      description =
          "remove the reservation and all keys, after asking; nodes that have the LUN mounted then"
              + " cannot be fenced and stop, so unmount first")
  private boolean clear;

  @Option(names = "--yes", description = "do not ask before --clear")
  private boolean yes;

  @Parameters(
      paramLabel = "DEVICE",
      description = IscsiTool.DEVICE,
      converter = IscsiTool.Device.class)
  private IscsiUrl device;

  @Override
  public Integer call() throws Exception {
    if (yes && !clear) {
      throw tool.wrongUsage("--yes goes with --clear");
    }
    try (Disk disk = tool.open(device)) {
      PersistentReservations reservations = disk.nexuses().get(0).reservations();
      Reservation held = reservations.readReservation();
      List<FullStatus> full = reservations.readFullStatus();
      List<Registration> registrations =
          full != null ? told(full) : listed(reservations.readKeys(), held);
      if (!tool.isJson()) {
        print(held, registrations, full != null);
      }
      boolean cleared = clear && (held != null || !registrations.isEmpty());
      if (cleared) {
        tool.out().flush();
        Confirmation.require(
            yes, "Remove them? Is the LUN mounted nowhere?", "nothing was removed");
        reservations.registerAndIgnore(CLEARING_KEY);
        reservations.clear(CLEARING_KEY);
      }
      if (tool.isJson()) {
        printJson(held, registrations, full != null, cleared);
      } else if (clear) {
        tool.out().println(cleared ? "cleared" : "nothing to clear");
      }
    }
    return 0;
  }

  private static List<Registration> told(List<FullStatus> full) {
    List<Registration> list = new ArrayList<>();
    for (FullStatus each : full) {
      list.add(
          new Registration(
              hex(each.key()),
              slot(each.key()),
              each.isHolder(),
              each.initiator(),
              each.isid() == null ? null : each.isid().toString()));
    }
    return list;
  }

  private static List<Registration> listed(List<Long> keys, Reservation held) {
    List<Registration> list = new ArrayList<>();
    for (long key : keys) {
      Boolean holder =
          held == null ? Boolean.FALSE : held.type() >= 7 ? Boolean.TRUE : held.key() == key;
      list.add(new Registration(hex(key), slot(key), holder, null, null));
    }
    return list;
  }

  private static String hex(long key) {
    return String.format("%016x", key);
  }

  /** The slot in a key's upper 16 bits, null for a key that is not of that form. */
  private static Integer slot(long key) {
    long slot = key >>> 48;
    return slot < SLOTS && (key & 0xffff_ffff_ffffL) != 0 ? (int) slot : null;
  }

  private static String type(Reservation held) {
    return held.type() < TYPES.length && !TYPES[held.type()].isEmpty()
        ? TYPES[held.type()]
        : "unknown";
  }

  private void print(Reservation held, List<Registration> registrations, boolean told) {
    if (held == null) {
      tool.out().println("Reservation: none");
    } else {
      tool.out()
          .println(
              "Reservation: type "
                  + held.type()
                  + " ("
                  + type(held)
                  + ")"
                  + (held.type() >= 7 ? "" : ", held by " + hex(held.key())));
    }
    if (registrations.isEmpty()) {
      tool.out().println("Keys: none");
      return;
    }
    Table table =
        told
            ? new Table("KEY", "SLOT", "HOLDER", "INITIATOR", "ISID")
            : new Table("KEY", "SLOT", "HOLDER");
    for (Registration each : registrations) {
      String holder = each.holder ? "yes" : "no";
      if (told) {
        table.row(each.key, each.slot, holder, each.initiator, each.isid);
      } else {
        table.row(each.key, each.slot, holder);
      }
    }
    tool.out().print(table.text(""));
    if (!told) {
      tool.out().println("The target does not tell whose keys they are (no READ FULL STATUS).");
    }
  }

  private void printJson(
      Reservation held, List<Registration> registrations, boolean told, boolean cleared) {
    Map<String, Object> reservation = new LinkedHashMap<>();
    if (held != null) {
      reservation.put("type", held.type());
      reservation.put("words", type(held));
      reservation.put("key", held.type() >= 7 ? null : hex(held.key()));
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("reservation", held == null ? null : reservation);
    document.put("registrations", registrations);
    document.put("fullStatus", told);
    document.put("cleared", cleared);
    tool.print(document);
  }
}
