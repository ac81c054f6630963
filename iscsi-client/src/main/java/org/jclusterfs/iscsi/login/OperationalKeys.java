package org.jclusterfs.iscsi.login;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;

/**
 * Operational negotiation (RFC 7143 sections 6.2 and 13): what is offered, what a response means,
 * and the answers to the target's own offers. A key that the target answers with Reject,
 * NotUnderstood or Irrelevant, or not at all, keeps its default.
 */
final class OperationalKeys {

  private static final Set<String> DECLARATIONS =
      Set.of("TargetAlias", "TargetPortalGroupTag", "TargetAddress", "TargetName", "AuthMethod");

  private final Map<String, String> offers = new LinkedHashMap<>();
  private final List<Pair> replies = new ArrayList<>();
  private boolean headerDigest;
  private boolean dataDigest;
  private boolean initialR2T = true;
  private boolean immediateData = true;
  private int targetMaxRecvDataSegmentLength = 8192;
  private int maxBurstLength = 262144;
  private int firstBurstLength = 65536;
  private int maxOutstandingR2T = 1;
  private int targetPortalGroupTag = -1;

  OperationalKeys(InitiatorOptions options, boolean discovery) {
    offers.put("HeaderDigest", options.digests().offer());
    offers.put("DataDigest", options.digests().offer());
    offers.put("MaxRecvDataSegmentLength", "" + options.maxRecvDataSegmentLength());
    offers.put("DefaultTime2Wait", "2");
    offers.put("DefaultTime2Retain", "0");
    offers.put("ErrorRecoveryLevel", "0");
    if (!discovery) {
      offers.put("InitialR2T", "No");
      offers.put("ImmediateData", "Yes");
      offers.put("MaxBurstLength", "" + options.maxBurstLength());
      offers.put("FirstBurstLength", "" + options.firstBurstLength());
      offers.put("MaxConnections", "1");
      offers.put("MaxOutstandingR2T", "8");
      offers.put("DataPDUInOrder", "Yes");
      offers.put("DataSequenceInOrder", "Yes");
    }
  }

  /** All keys that the initiator offers, in one request. */
  List<Pair> offers() {
    List<Pair> pairs = new ArrayList<>();
    offers.forEach((key, value) -> pairs.add(new Pair(key, value)));
    return pairs;
  }

  /** Takes what the target said, answers or offers. */
  void accept(List<Pair> pairs) throws LoginException {
    for (Pair pair : pairs) {
      if (pair.key().equals("TargetPortalGroupTag")) {
        targetPortalGroupTag = number(pair, 0, 65535);
      } else if (pair.key().equals("MaxRecvDataSegmentLength")) {
        targetMaxRecvDataSegmentLength = number(pair, 512, 0xff_ffff); // declared, not negotiated
      } else if (offers.containsKey(pair.key())) {
        answered(pair);
      } else if (!DECLARATIONS.contains(pair.key()) && !pair.key().startsWith("CHAP_")) {
        replies.add(new Pair(pair.key(), "NotUnderstood"));
      }
    }
  }

  /** Answers to the target's offers since the last call. */
  List<Pair> takeReplies() {
    List<Pair> taken = List.copyOf(replies);
    replies.clear();
    return taken;
  }

  private void answered(Pair pair) throws LoginException {
    String value = pair.value();
    if (Set.of("Reject", "NotUnderstood", "Irrelevant").contains(value)) {
      if (pair.key().endsWith("Digest") && offers.get(pair.key()).equals("CRC32C")) {
        throw new LoginException("the target refuses the required " + pair.key(), 0, 0);
      }
      return;
    }
    switch (pair.key()) {
      case "HeaderDigest":
        headerDigest = digest(pair);
        break;
      case "DataDigest":
        dataDigest = digest(pair);
        break;
      case "InitialR2T":
        initialR2T = flag(pair);
        break;
      case "ImmediateData":
        immediateData = flag(pair);
        break;
      case "MaxBurstLength":
        maxBurstLength = Math.min(number(pair, 512, 0xff_ffff), offered(pair.key()));
        break;
      case "FirstBurstLength":
        firstBurstLength = Math.min(number(pair, 512, 0xff_ffff), offered(pair.key()));
        break;
      case "MaxOutstandingR2T":
        maxOutstandingR2T = Math.min(number(pair, 1, 65535), offered(pair.key()));
        break;
      case "DataPDUInOrder":
      case "DataSequenceInOrder":
        if (!flag(pair)) {
          throw new LoginException(
              "the target insists on " + pair.key() + "=No, which RFC 7143 does not allow", 0, 0);
        }
        break;
      default:
        // MaxConnections, times and ErrorRecoveryLevel: our offer is the least there is
        number(pair, 0, 65535);
    }
  }

  private boolean digest(Pair pair) throws LoginException {
    for (String each : offers.get(pair.key()).split(",")) {
      if (each.equals(pair.value())) {
        return each.equals("CRC32C");
      }
    }
    throw new LoginException(
        "the target chose " + pair.key() + "=" + pair.value() + ", which was not offered", 0, 0);
  }

  private int offered(String key) {
    return Integer.parseInt(offers.get(key));
  }

  private static boolean flag(Pair pair) throws LoginException {
    if (!pair.value().equals("Yes") && !pair.value().equals("No")) {
      throw wrong(pair);
    }
    return pair.value().equals("Yes");
  }

  private static int number(Pair pair, int min, int max) throws LoginException {
    try {
      long value = Long.decode(pair.value());
      if (value >= min && value <= max) {
        return (int) value;
      }
    } catch (NumberFormatException ignored) {
      // told below
    }
    throw wrong(pair);
  }

  private static LoginException wrong(Pair pair) {
    String value = pair.value().length() > 40 ? pair.value().substring(0, 40) : pair.value();
    return new LoginException(
        "the target answered " + pair.key() + "=" + value + ", which is not a legal value", 0, 0);
  }

  NegotiatedParameters result(int tsih, int cmdSn, int expStatSn, int maxCmdSn) {
    return new NegotiatedParameters(
        headerDigest,
        dataDigest,
        initialR2T,
        immediateData,
        targetMaxRecvDataSegmentLength,
        maxBurstLength,
        Math.min(firstBurstLength, maxBurstLength),
        maxOutstandingR2T,
        targetPortalGroupTag,
        tsih,
        cmdSn,
        expStatSn,
        maxCmdSn);
  }
}
