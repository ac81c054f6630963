package org.jclusterfs.iscsi.session;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jclusterfs.iscsi.wire.Bhs;

/** Changes transcripts of PDUs at places that mean something, and at some that do not. */
final class PduMutator {

  private static final int[] NUMBERS = {
    0,
    1,
    2,
    3,
    4,
    47,
    48,
    127,
    128,
    255,
    256,
    511,
    512,
    4095,
    4096,
    8191,
    8192,
    8193,
    65535,
    65536,
    0xff_ffff,
    0x100_0000,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    -1,
    -2,
    -512
  };

  private static final int[] FIELDS = {0, 1, 2, 4, 5, 8, 16, 20, 24, 28, 32, 36, 37, 40, 44};

  private static final int[] OPCODES = {
    0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3f, 0x00, 0x01, 0x3e
  };

  private static final String[] WORDS = {
    "HeaderDigest=CRC32C",
    "DataDigest=CRC32C,None",
    "DataDigest=None",
    "AuthMethod=CHAP",
    "AuthMethod=None",
    "AuthMethod=KRB5",
    "CHAP_A=5",
    "CHAP_A=7,5",
    "CHAP_I=256",
    "CHAP_I=0x7",
    "CHAP_C=0x",
    "CHAP_C=0xzz",
    "CHAP_C=0b!!!!",
    "CHAP_N=",
    "CHAP_R=0x00",
    "MaxBurstLength=16777215",
    "MaxBurstLength=0",
    "MaxBurstLength=-1",
    "FirstBurstLength=99999999999999999999",
    "FirstBurstLength=0x200",
    "MaxRecvDataSegmentLength=511",
    "MaxRecvDataSegmentLength=16777215",
    "InitialR2T=Maybe",
    "InitialR2T=Irrelevant",
    "ImmediateData=Reject",
    "MaxOutstandingR2T=0",
    "ErrorRecoveryLevel=2",
    "TargetPortalGroupTag=70000",
    "TargetAddress=[::1]:99999,1",
    "TargetAddress=",
    "TargetName=iqn.x",
    "SendTargets=All",
    "X-a=b",
    "=x",
    "noequals",
    "IFMarker=Yes",
    "DataPDUInOrder=No"
  };

  private final SplittableRandom random;

  PduMutator(SplittableRandom random) {
    this.random = random;
  }

  /** A transcript with one to six changes. */
  List<byte[]> transcript(List<byte[]> good) {
    List<byte[]> pdus = new ArrayList<>(good);
    for (int left = 1 + random.nextInt(1 << random.nextInt(3));
        left > 0 && !pdus.isEmpty();
        left--) {
      int at = random.nextInt(pdus.size());
      switch (random.nextInt(10)) {
        case 0 -> pdus.add(at, pdus.get(random.nextInt(pdus.size())));
        case 1 -> pdus.remove(at);
        case 2 -> java.util.Collections.swap(pdus, at, random.nextInt(pdus.size()));
        case 3 -> pdus.set(at, bytes(pdus.get(at)));
        case 4 -> pdus.set(at, segment(pdus.get(at)));
        default -> pdus.set(at, field(pdus.get(at)));
      }
    }
    return pdus;
  }

  private byte[] field(byte[] pdu) {
    byte[] changed = pdu.clone();
    if (changed.length < Bhs.LENGTH) {
      return bytes(changed);
    }
    int field = FIELDS[random.nextInt(FIELDS.length)];
    if (field == 0) {
      changed[0] = (byte) OPCODES[random.nextInt(OPCODES.length)];
    } else if (field == 1 || field == 2 || field == 36 || field == 37 || field == 4) {
      changed[field] = (byte) number();
    } else if (field == 5) {
      int length = random.nextInt(3) == 0 ? number() : random.nextInt(20000);
      changed[5] = (byte) (length >> 16);
      changed[6] = (byte) (length >> 8);
      changed[7] = (byte) length;
    } else {
      ByteBuffer view = ByteBuffer.wrap(changed);
      int near = view.getInt(field) + random.nextInt(9) - 4;
      view.putInt(field, random.nextBoolean() ? near : number());
    }
    return changed;
  }

  private int number() {
    return random.nextInt(4) == 0 ? random.nextInt() : NUMBERS[random.nextInt(NUMBERS.length)];
  }

  /** Another data segment, its length set right: text of known keys, or noise. */
  private byte[] segment(byte[] pdu) {
    if (pdu.length < Bhs.LENGTH) {
      return pdu;
    }
    byte[] data;
    if (random.nextInt(4) > 0) {
      StringBuilder text = new StringBuilder();
      int keep = random.nextInt(pdu.length - Bhs.LENGTH + 1);
      text.append(new String(pdu, Bhs.LENGTH, keep, StandardCharsets.ISO_8859_1));
      for (int i = random.nextInt(5); i >= 0; i--) {
        text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(9) > 0 ? "\0" : "");
      }
      data = text.toString().getBytes(StandardCharsets.ISO_8859_1);
    } else {
      data = new byte[random.nextInt(600)];
      random.nextBytes(data);
    }
    byte[] changed =
        java.util.Arrays.copyOf(pdu, Bhs.LENGTH + data.length + Bhs.padding(data.length));
    java.util.Arrays.fill(changed, Bhs.LENGTH, changed.length, (byte) 0);
    System.arraycopy(data, 0, changed, Bhs.LENGTH, data.length);
    changed[5] = 0;
    changed[6] = (byte) (data.length >> 8);
    changed[7] = (byte) data.length;
    return changed;
  }

  /** Bits flipped, cut off, or inserted anywhere. */
  byte[] bytes(byte[] good) {
    byte[] changed = good.clone();
    int at = changed.length == 0 ? 0 : random.nextInt(changed.length);
    switch (random.nextInt(4)) {
      case 0:
        return java.util.Arrays.copyOf(changed, at);
      case 1:
        byte[] longer = java.util.Arrays.copyOf(changed, changed.length + random.nextInt(64));
        for (int i = at; i < longer.length; i++) {
          longer[i] = (byte) random.nextInt();
        }
        return longer;
      default:
        for (int i = random.nextInt(4); i >= 0 && changed.length > 0; i--) {
          int place = random.nextInt(changed.length);
          changed[place] =
              random.nextBoolean()
                  ? (byte) (changed[place] ^ 1 << random.nextInt(8))
                  : (byte) number();
        }
        return changed;
    }
  }
}
