package org.jclusterfs.iscsi.session;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.LoginObserver;
import org.jclusterfs.iscsi.login.NegotiatedParameters;

/** One login to one portal, to see whether and how it works; nothing else is done there. */
public final class LoginTrial {

  /**
   * What came out of it.
   *
   * @param portal the portal that let in, another than the first where the target redirects
   * @param local this side's address
   * @param authentication how both proved who they are, in words
   * @param agreed what was negotiated
   */
  public record Result(
      Portal portal, InetAddress local, String authentication, NegotiatedParameters agreed) {}

  private LoginTrial() {}

  /**
   * Logs in and out.
   *
   * @param target name of the target, or null for its discovery service
   * @param observer is told each step
   * @throws IscsiException one line in words, within the login timeout
   */
  public static Result run(
      InitiatorOptions options, String target, Portal portal, LoginObserver observer)
      throws IscsiException {
    Connector connector = new Connector(options, target, List.of(portal), EventLoops.next());
    connector.setObserver(observer);
    Connection connection = connector.connect(new Nobody());
    try {
      return new Result(
          connection.portal(),
          connection.localAddress(),
          connection.negotiation().authentication(),
          connection.phase().agreed());
    } finally {
      connection.end();
    }
  }

  private static final class Nobody implements SessionOwner {
    @Override
    public boolean mayWrite() {
      return false;
    }

    @Override
    public void connectionFailed(FullFeaturePhase phase, IscsiException cause) {}

    @Override
    public void loggedOut(FullFeaturePhase phase) {}

    @Override
    public void textReceived(FullFeaturePhase phase, ByteBuffer data, boolean last, int ttt) {}
  }
}
