package org.jclusterfs.iscsi.login;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.LoginException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.wire.Bhs;
import org.jclusterfs.iscsi.wire.LoginPdu;
import org.jclusterfs.iscsi.wire.Opcode;
import org.jclusterfs.iscsi.wire.TextParameters;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;

/**
 * One login as a function of (stage, response) to the next step; no clock, no I/O.
 *
 * <pre>
 *  stage          response                     next
 *  AUTH_METHOD    AuthMethod=None, T=0         SECURITY_DONE (asks for the transit)
 *  AUTH_METHOD    AuthMethod=None, T=1         OPERATIONAL
 *  AUTH_METHOD    AuthMethod=CHAP              CHAP_OFFERED
 *  CHAP_OFFERED   CHAP_A, CHAP_I, CHAP_C       CHAP_ANSWERED (asks for the transit)
 *  CHAP_ANSWERED  T=1 (proof, if mutual)       OPERATIONAL
 *  SECURITY_DONE  T=1                          OPERATIONAL
 *  OPERATIONAL    T=0                          OPERATIONAL (answers offers, or an empty round)
 *  OPERATIONAL    T=1, NSG=3                   DONE
 *  any            C=1                          the same (an empty request fetches the rest)
 *  any            Status-Class 1               Redirect;  2, 3: LoginException
 * </pre>
 */
public final class LoginNegotiation {

  private static final int MAX_ROUNDS = 64;
  private static final int MAX_TEXT = 65536;
  private static final int FIRST_CMD_SN = 1;
  private static final String SECURITY = "security negotiation";
  private static final String OPERATIONAL = "operational negotiation";

  private enum Stage {
    AUTH_METHOD,
    CHAP_OFFERED,
    CHAP_ANSWERED,
    SECURITY_DONE,
    OPERATIONAL
  }

  private final InitiatorOptions options;
  private final String target;
  private final LoginSubject subject;
  private final ChapExchange chap;
  private final OperationalKeys keys;
  private final ByteArrayOutputStream text = new ByteArrayOutputStream();
  private LoginObserver observer = LoginObserver.NONE;
  private boolean chapAlone;
  private Stage stage = Stage.AUTH_METHOD;
  private int expStatSn;
  private int rounds;

  /**
   * Begins a login.
   *
   * @param target name of the target, or null for a discovery session
   * @param portal where it is, for messages
   * @param algorithms CHAP algorithms to offer, best first; used with credentials only
   */
  public LoginNegotiation(
      InitiatorOptions options,
      String target,
      Portal portal,
      List<ChapAlgorithm> algorithms,
      RandomGenerator random) {
    this.options = options;
    this.target = target;
    this.subject =
        new LoginSubject(
            target == null ? "the discovery service" : "target " + target,
            portal.toString(),
            options.initiatorName());
    this.chap =
        options.chap() == null ? null : new ChapExchange(options.chap(), algorithms, random);
    this.keys = new OperationalKeys(options, target == null);
  }

  /** Sets who is told what is sent and received; before the start. */
  public void setObserver(LoginObserver next) {
    observer = next;
  }

  /**
   * Offers CHAP and nothing else though there may be no credentials, to learn whether the target
   * wants it: then it fails. Before the start.
   */
  public void offerChapAlone() {
    chapAlone = true;
  }

  /** How the two proved who they are, in words: "CHAP with SHA-256, mutual", "none". */
  public String authentication() {
    if (chap == null || chap.algorithm() == null) {
      return "none";
    }
    return "CHAP with " + chap.algorithm() + (chap.expectsProof() ? ", mutual" : ", one-way");
  }

  /** The first request. */
  public LoginStep.Send start() {
    List<Pair> pairs = new ArrayList<>();
    pairs.add(new Pair("InitiatorName", options.initiatorName()));
    pairs.add(new Pair("SessionType", target == null ? "Discovery" : "Normal"));
    if (target != null) {
      pairs.add(new Pair("TargetName", target));
    }
    if (chapAlone) {
      pairs.add(new Pair("AuthMethod", "CHAP"));
    } else if (chap == null) {
      pairs.add(new Pair("AuthMethod", "None"));
    } else {
      // With mutual CHAP an impostor could else choose None and prove nothing.
      pairs.add(new Pair("AuthMethod", options.chap().isMutual() ? "CHAP" : "CHAP,None"));
    }
    return request(chap == null && !chapAlone, pairs);
  }

  /**
   * Whether a login that failed may work with MD5 alone: some targets stumble over a list of
   * algorithms, and tgtd chooses SHA-256 and then fails with status 0200 (measured).
   */
  public boolean mayWorkWithMd5Alone(IscsiException failure) {
    if (stage == Stage.CHAP_OFFERED) {
      return true;
    }
    return stage == Stage.CHAP_ANSWERED
        && failure instanceof LoginException
        && ((LoginException) failure).statusClass() == 2
        && ((LoginException) failure).statusDetail() != 1;
  }

  /**
   * Whether a login that failed may work without CHAP: LIO takes CHAP when it is offered, also for
   * a target that wants none and has no secret, and then answers 0201 (measured). Not where the
   * target has to prove itself.
   */
  public boolean mayWorkWithoutChap(IscsiException failure) {
    return (stage == Stage.CHAP_OFFERED || stage == Stage.CHAP_ANSWERED)
        && !chap.expectsProof()
        && failure instanceof LoginException
        && ((LoginException) failure).statusClass() == 2
        && ((LoginException) failure).statusDetail() == 1;
  }

  /** Whether the target has answered nothing yet. */
  public boolean isUnanswered() {
    return stage == Stage.AUTH_METHOD && rounds == 0;
  }

  /** What the login waits for, in words, for a connection that ends or stays silent. */
  public String awaiting() {
    switch (stage) {
      case AUTH_METHOD:
        return rounds == 0 ? "the answer to the first login request" : "its choice of AuthMethod";
      case CHAP_OFFERED:
        return "its CHAP challenge";
      case CHAP_ANSWERED:
        return "its verdict on the CHAP response";
      default:
        return "the negotiation of parameters";
    }
  }

  /**
   * Takes a Login Response.
   *
   * @param data its data segment, or null
   * @throws LoginException where the login failed
   * @throws ProtocolException where the target broke the protocol
   */
  public LoginStep onResponse(ByteBuffer bhs, ByteBuffer data) throws IscsiException {
    if (Bhs.opcode(bhs) == Opcode.REJECT) {
      throw new ProtocolException(
          String.format(
              "the target rejected the login request as a PDU (Reject, reason 0x%02x); look at its"
                  + " log",
              bhs.get(2)));
    }
    if (Bhs.opcode(bhs) != Opcode.LOGIN_RESPONSE) {
      throw new ProtocolException(
          "the target sent opcode 0x" + Integer.toHexString(Bhs.opcode(bhs)) + " during login");
    }
    byte[] segment = new byte[data == null ? 0 : data.remaining()];
    if (data != null) {
      data.get(segment);
    }
    int statusClass = LoginPdu.statusClass(bhs);
    if (statusClass != 0) {
      observer.happened(
          String.format("received, status %02x%02x", statusClass, LoginPdu.statusDetail(bhs)),
          List.of());
    }
    if (statusClass == 1) {
      return redirect(TextParameters.decode(segment));
    } else if (statusClass != 0) {
      throw LoginStatus.refused(
          statusClass,
          LoginPdu.statusDetail(bhs),
          subject,
          options.chap(),
          stage != Stage.AUTH_METHOD && stage != Stage.CHAP_OFFERED);
    }
    if (++rounds > MAX_ROUNDS || text.size() + segment.length > MAX_TEXT) {
      throw new ProtocolException("the login does not come to an end: the target asks on and on");
    }
    expStatSn = Bhs.statSn(bhs) + 1;
    text.writeBytes(segment);
    if (LoginPdu.isContinued(bhs)) {
      return request(false, List.of());
    }
    List<Pair> pairs = TextParameters.decode(text.toByteArray());
    text.reset();
    observer.happened("received, " + (isOperational() ? OPERATIONAL : SECURITY), shown(pairs));
    return next(bhs, pairs);
  }

  private LoginStep next(ByteBuffer bhs, List<Pair> pairs) throws IscsiException {
    boolean transit = LoginPdu.transit(bhs);
    keys.accept(pairs);
    switch (stage) {
      case AUTH_METHOD:
        return authMethod(bhs, single(pairs));
      case CHAP_OFFERED:
        List<Pair> answer = chap.answer(single(pairs));
        stage = Stage.CHAP_ANSWERED;
        return request(true, answer);
      case CHAP_ANSWERED:
        if (chap.expectsProof()) {
          chap.verify(single(pairs));
        }
        return leaveSecurity(bhs);
      case SECURITY_DONE:
        return leaveSecurity(bhs);
      default:
        if (!transit) {
          return request(true, keys.takeReplies());
        }
        checkTransit(bhs, LoginPdu.FULL_FEATURE_PHASE);
        return new LoginStep.Done(
            keys.result(LoginPdu.tsih(bhs), FIRST_CMD_SN, expStatSn, Bhs.maxCmdSn(bhs)));
    }
  }

  private LoginStep authMethod(ByteBuffer bhs, Map<String, String> pairs) throws IscsiException {
    String method = pairs.getOrDefault("AuthMethod", "None");
    if (chap != null && method.equals("CHAP")) {
      stage = Stage.CHAP_OFFERED;
      return request(false, chap.offer());
    }
    String who = subject.target() + " at " + subject.portal();
    boolean rejected = method.equals("Reject");
    if (chap == null && !method.equals("None")) {
      throw new LoginException(
          who
              + (rejected
                  ? " lets nobody in without authentication"
                  : " asks for authentication by " + method)
              + ", and the secrets file has no secret for it: write a line '"
              + (target == null ? "*" : target)
              + " USER SECRET' to it",
          0,
          0);
    } else if (!method.equals("None") && !rejected) {
      throw new LoginException(
          who + " asks for authentication by " + method + ", and this initiator has CHAP only",
          0,
          0);
    }
    if (rejected || chap != null && chap.expectsProof()) {
      throw new LoginException(
          who
              + " does not do CHAP"
              + (chap.expectsProof()
                  ? ", so it cannot prove itself as the secrets file demands; give it a mutual user"
                      + " and secret, or take its own from the secrets file"
                  : " and does not let in without it; look at its configuration"),
          0,
          0);
    }
    return leaveSecurity(bhs);
  }

  private LoginStep leaveSecurity(ByteBuffer bhs) throws ProtocolException {
    if (!LoginPdu.transit(bhs)) {
      stage = stage == Stage.CHAP_ANSWERED ? stage : Stage.SECURITY_DONE;
      return request(true, keys.takeReplies());
    }
    checkTransit(bhs, LoginPdu.OPERATIONAL_NEGOTIATION);
    stage = Stage.OPERATIONAL;
    List<Pair> pairs = new ArrayList<>(keys.takeReplies());
    pairs.addAll(keys.offers());
    return request(true, pairs);
  }

  private static void checkTransit(ByteBuffer bhs, int stage) throws ProtocolException {
    if (LoginPdu.nsg(bhs) != stage) {
      throw new ProtocolException(
          "the target moved the login to stage " + LoginPdu.nsg(bhs) + " instead of " + stage);
    }
  }

  private LoginStep redirect(List<Pair> pairs) throws IscsiException {
    for (Pair pair : pairs) {
      if (pair.key().equals("TargetAddress")) {
        int comma = pair.value().lastIndexOf(',');
        try {
          return new LoginStep.Redirect(
              Portal.parse(comma < 0 ? pair.value() : pair.value().substring(0, comma)));
        } catch (IllegalArgumentException e) {
          throw new ProtocolException(
              "the target redirects to an address that is none: " + e.getMessage());
        }
      }
    }
    throw new ProtocolException("the target redirects without saying where to");
  }

  private static Map<String, String> single(List<Pair> pairs) throws ProtocolException {
    Map<String, String> map = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      if (map.put(pair.key(), pair.value()) != null) {
        throw new ProtocolException("the target sent the key " + pair.key() + " twice");
      }
    }
    return map;
  }

  private boolean isOperational() {
    return stage == Stage.OPERATIONAL;
  }

  /** Challenges and responses together let secrets be guessed: only their lengths are shown. */
  private static List<Pair> shown(List<Pair> pairs) {
    return pairs.stream()
        .map(
            pair ->
                pair.key().equals("CHAP_C") || pair.key().equals("CHAP_R")
                    ? new Pair(pair.key(), "(" + pair.value().length() + " characters)")
                    : pair)
        .toList();
  }

  private LoginStep.Send request(boolean transit, List<Pair> pairs) {
    boolean operational = isOperational();
    observer.happened("sent, " + (operational ? OPERATIONAL : SECURITY), shown(pairs));
    ByteBuffer bhs = Bhs.allocate();
    LoginPdu.encodeRequest(
        bhs,
        transit,
        operational ? LoginPdu.OPERATIONAL_NEGOTIATION : LoginPdu.SECURITY_NEGOTIATION,
        operational ? LoginPdu.FULL_FEATURE_PHASE : LoginPdu.OPERATIONAL_NEGOTIATION,
        options.isid().value(),
        0,
        FIRST_CMD_SN,
        expStatSn);
    return new LoginStep.Send(bhs, TextParameters.encode(pairs));
  }
}
