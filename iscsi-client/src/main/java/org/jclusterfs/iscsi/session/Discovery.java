package org.jclusterfs.iscsi.session;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jclusterfs.iscsi.ConnectionLostException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.ProtocolException;
import org.jclusterfs.iscsi.wire.TextParameters;
import org.jclusterfs.iscsi.wire.TextParameters.Pair;

/** A discovery session (RFC 7143 section 4.3 and appendix C): SendTargets=All. */
public final class Discovery {

  /** Bound of what a target may list, in bytes. */
  private static final int MAX_TEXT = 16 << 20;

  /**
   * One target as it was listed.
   *
   * @param name its iSCSI name
   * @param addresses {@code host:port,portal-group-tag} each; empty: the portal that was asked
   */
  public record Target(String name, List<String> addresses) {}

  private Discovery() {}

  /**
   * Asks a portal for its targets.
   *
   * @throws IscsiException one line in words, within the login timeout
   */
  public static List<Target> sendTargets(InitiatorOptions options, List<Portal> portals)
      throws IscsiException {
    Collector collector = new Collector();
    Connector connector = new Connector(options, null, portals, EventLoops.next());
    Connection connection = connector.connect(collector);
    try {
      connector
          .loop()
          .execute(() -> connection.phase().sendText(List.of(new Pair("SendTargets", "All")), -1));
      return parse(collector.text.get(options.loginTimeout().toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      throw new ConnectionLostException(
          connection.portal() + " does not answer SendTargets; look at the target's log", e);
    } catch (ExecutionException e) {
      throw new IscsiException(
          "discovery at " + connection.portal() + " failed: " + e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IscsiException("interrupted", e);
    } finally {
      connection.end();
    }
  }

  static List<Target> parse(byte[] text) throws ProtocolException {
    Map<String, List<String>> targets = new LinkedHashMap<>();
    List<String> current = null;
    for (Pair pair : TextParameters.decode(text)) {
      if (pair.key().equals("TargetName")) {
        current = targets.computeIfAbsent(pair.value(), name -> new ArrayList<>());
      } else if (pair.key().equals("TargetAddress") && current != null) {
        current.add(pair.value());
      }
    }
    List<Target> list = new ArrayList<>();
    targets.forEach((name, addresses) -> list.add(new Target(name, List.copyOf(addresses))));
    return list;
  }

  private static final class Collector implements SessionOwner {
    private final CompletableFuture<byte[]> text = new CompletableFuture<>();
    private final ByteArrayOutputStream parts = new ByteArrayOutputStream();

    @Override
    public boolean mayWrite() {
      return false;
    }

    @Override
    public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {
      text.completeExceptionally(cause);
    }

    @Override
    public void loggedOut(FullFeaturePhase phase) {}

    @Override
    public void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int ttt) {
      byte[] part = new byte[data.remaining()];
      data.get(part);
      parts.writeBytes(part);
      if (parts.size() > MAX_TEXT) {
        text.completeExceptionally(new ProtocolException("the list of targets has no end"));
      } else if (last) {
        text.complete(parts.toByteArray());
      } else {
        phase.sendText(List.of(), ttt);
      }
    }
  }
}
