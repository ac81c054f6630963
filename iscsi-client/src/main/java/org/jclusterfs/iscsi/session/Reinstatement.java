package org.jclusterfs.iscsi.session;

import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;

/**
 * Ends a session at its target by logging in under its name and out again. Once the login has
 * succeeded the target works on no command of the old connection any more, however late its packets
 * arrive.
 */
final class Reinstatement implements SessionOwner {

  private static final long LOGOUT_MILLIS = 200;

  private final CompletableFuture<Void> out = new CompletableFuture<>();

  private Reinstatement() {}

  /** See {@link IscsiSession#endBy}. */
  static boolean end(
      InitiatorOptions options,
      String target,
      Portal portal,
      Duration within,
      int portalGroup,
      EventLoop loop)
      throws IscsiException {
    Reinstatement owner = new Reinstatement();
    InitiatorOptions bounded =
        options.withTimeouts(
            within, options.commandTimeout(), Duration.ZERO, options.pingInterval());
    Connection connection = new Connector(bounded, target, List.of(portal), loop).connect(owner);
    loop.execute(connection.phase()::logout);
    try {
      owner.out.get(LOGOUT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException ignored) {
      // the end of the connection says the same
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connection.close();
    return connection.phase().agreed().targetPortalGroupTag() == portalGroup;
  }

  @Override
  public boolean mayWrite() {
    return false;
  }

  @Override
  public boolean mayResetUnits() {
    return false;
  }

  @Override
  public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {
    out.complete(null);
  }

  @Override
  public void loggedOut(FullFeaturePhase phase) {
    out.complete(null);
  }

  @Override
  public void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int ttt) {
    out.complete(null);
  }
}
