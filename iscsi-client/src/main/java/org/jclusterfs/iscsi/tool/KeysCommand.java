package org.jclusterfs.iscsi.tool;

import java.util.List;
import java.util.concurrent.Callable;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.scsi.Lun;
import org.jclusterfs.iscsi.scsi.PersistentReservations;
import org.jclusterfs.iscsi.scsi.PersistentReservations.Reservation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "keys",
    description = "Lists the persistent reservation of a LUN and its keys, or removes them.")
final class KeysCommand implements Callable<Integer> {

  @ParentCommand private IscsiTool tool;

  @Option(
      names = "--clear",
      description =
          "remove the reservation and all keys; nodes that have the LUN mounted then cannot be"
              + " fenced and stop, so unmount first")
  private boolean clear;

  @Option(names = "--yes", description = "do not ask before --clear")
  private boolean yes;

  @Parameters(paramLabel = "DEVICE", description = "iscsi://[USER@]HOST[:PORT]/IQN/LUN")
  private String device;

  @Override
  public Integer call() throws Exception {
    try (Lun lun = tool.open(device)) {
      PersistentReservations reservations = lun.reservations();
      Reservation held = reservations.readReservation();
      List<Long> keys = reservations.readKeys();
      tool.out()
          .println(
              held == null
                  ? "Reservation: none"
                  : String.format(
                      "Reservation: type %d%s%s",
                      held.type(),
                      held.type() == PersistentReservations.WRITE_EXCLUSIVE_ALL_REGISTRANTS
                          ? " (write exclusive, all registrants)"
                          : "",
                      held.key() == 0 ? "" : String.format(", held by %016x", held.key())));
      for (long key : keys) {
        tool.out().println(String.format("Key: %016x  slot %d", key, key >>> 48));
      }
      tool.out().flush();
      if (clear && (held != null || !keys.isEmpty())) {
        confirm();
        long key = 0x6a63_6c65_6172_0000L;
        reservations.registerAndIgnore(key);
        reservations.clear(key);
        tool.out().println("cleared");
        tool.out().flush();
      }
    }
    return 0;
  }

  private void confirm() throws IscsiException {
    if (yes) {
      return;
    }
    if (System.console() == null) {
      throw new IscsiException("nothing was removed: give --yes where nobody can be asked");
    }
    String answer = System.console().readLine("Remove them? Is the LUN mounted nowhere? [y/N] ");
    if (answer == null || !answer.strip().equalsIgnoreCase("y")) {
      throw new IscsiException("nothing was removed");
    }
  }
}
