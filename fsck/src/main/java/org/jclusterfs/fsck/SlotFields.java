package org.jclusterfs.fsck;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jclusterfs.core.format.SlotDescriptor;

/** Checks the fields of a slot descriptor that have a range of their own. */
final class SlotFields {
  private static final int HIGHEST_PORT = 65535;
  private static final int HOST_NAME_LENGTH = 64;

  private final Check check;
  private final int slot;
  private final ByteBuffer block;
  private boolean changed;

  /** For a good descriptor that was read. */
  SlotFields(Check check, int slot, ByteBuffer block) {
    this.check = check;
    this.slot = slot;
    this.block = block;
  }

  /** Checks, and corrects in the block; returns whether the caller has to write it. */
  boolean run() {
    changed = new HeaderFields(check).check(block, "slot descriptor", slot);
    if (SlotDescriptor.slot(block) != slot && wrong("the number of another slot")) {
      SlotDescriptor.slot(block, slot);
    }
    int state = SlotDescriptor.state(block);
    if ((state < SlotDescriptor.FREE || state > SlotDescriptor.TOOL)
        && wrong("unknown state " + state)) {
      SlotDescriptor.state(block, SlotDescriptor.FREE);
    }
    boolean claimed = SlotDescriptor.state(block) != SlotDescriptor.FREE;
    if (claimed && SlotDescriptor.incarnation(block) == 0 && wrong("a claim without incarnation")) {
      SlotDescriptor.incarnation(block, Check.freshVersion());
    }
    long released = SlotDescriptor.releasedAt(block);
    if ((released < 0 || claimed && released != 0)
        && wrong(released < 0 ? "an impossible time of release" : "a release, but is claimed")) {
      SlotDescriptor.releasedAt(block, 0);
    }
    if (SlotDescriptor.claimedAt(block) < 0 && wrong("an impossible time of its claim")) {
      SlotDescriptor.claimedAt(block, 0);
    }
    checkAddresses();
    if (!isText(SlotDescriptor.HOST_NAME_OFFSET, HOST_NAME_LENGTH)
        && wrong("a host name that is not UTF-8 filled with NUL")) {
      SlotDescriptor.hostName(block, "");
    }
    if (slot >= check.geometry.slotCount()) {
      checkUnused();
    }
    return changed;
  }

  private boolean wrong(String what) {
    boolean fix = check.report.fix(Problem.SLOT_FIELD_WRONG, slot, what);
    changed |= fix;
    return fix;
  }

  private void checkAddresses() {
    int port = SlotDescriptor.port(block);
    if ((port < 0 || port > HIGHEST_PORT) && wrong("impossible port " + port)) {
      SlotDescriptor.port(block, 0);
    }
    int count = SlotDescriptor.addressCount(block);
    if (count < 0 || count > SlotDescriptor.MAX_ADDRESSES) {
      if (wrong("an impossible number of addresses")) {
        clearAddresses();
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      if (!isAddress(i)) {
        if (wrong("an address that is none")) {
          clearAddresses();
        }
        return;
      }
    }
  }

  private void clearAddresses() {
    SlotDescriptor.addressCount(block, 0);
    for (int i = 0; i < SlotDescriptor.MAX_ADDRESSES; i++) {
      SlotDescriptor.address(block, i, "");
    }
  }

  private boolean isAddress(int index) {
    int at = SlotDescriptor.ADDRESSES_OFFSET + index * SlotDescriptor.ADDRESS_LENGTH;
    String text = SlotDescriptor.address(block, index);
    return isText(at, SlotDescriptor.ADDRESS_LENGTH)
        && text.chars().allMatch(c -> c > ' ' && c < 127)
        && (text.indexOf('.') > 0 || text.indexOf(':') >= 0);
  }

  private boolean isText(int at, int length) {
    return isText(block, at, length);
  }

  /** Whether a field holds UTF-8 and then nothing but NUL. */
  static boolean isText(ByteBuffer block, int at, int length) {
    int end = at;
    while (end < at + length && block.get(end) != 0) {
      end++;
    }
    for (int i = end; i < at + length; i++) {
      if (block.get(i) != 0) {
        return false;
      }
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(block.slice(at, end - at));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** A slot that cannot be claimed. */
  private void checkUnused() {
    if (SlotDescriptor.state(block) != SlotDescriptor.FREE
        && wrong("a claim, but cannot be claimed")) {
      SlotDescriptor.state(block, SlotDescriptor.FREE);
    }
    boolean hasPlaces =
        SlotDescriptor.journalStart(block) != 0
            || SlotDescriptor.journalBlocks(block) != 0
            || SlotDescriptor.orphanDirectory(block) != 0;
    if (hasPlaces && wrong("a journal or an orphan directory, but cannot be claimed")) {
      SlotDescriptor.journalStart(block, 0);
      SlotDescriptor.journalBlocks(block, 0);
      SlotDescriptor.orphanDirectory(block, 0);
    }
  }
}
