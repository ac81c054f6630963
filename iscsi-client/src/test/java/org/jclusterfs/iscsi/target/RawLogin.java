package org.jclusterfs.iscsi.target;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.jclusterfs.iscsi.InitiatorOptions;
import org.jclusterfs.iscsi.IscsiException;
import org.jclusterfs.iscsi.Portal;
import org.jclusterfs.iscsi.login.ChapAlgorithm;
import org.jclusterfs.iscsi.login.LoginNegotiation;
import org.jclusterfs.iscsi.login.LoginStep;

/** A login over a plain socket, to learn what a target agrees to. */
public final class RawLogin {
  private RawLogin() {}

  /** Whether a target logs in whom it offers these algorithms only. */
  public static boolean succeeds(
      InitiatorOptions options, String target, Portal portal, ChapAlgorithm algorithm)
      throws IOException {
    LoginNegotiation negotiation =
        new LoginNegotiation(options, target, portal, List.of(algorithm), new Random(1));
    try (Socket socket = new Socket(portal.host(), portal.port())) {
      socket.setSoTimeout(20_000);
      LoginStep step = negotiation.start();
      while (step instanceof LoginStep.Send) {
        LoginStep.Send send = (LoginStep.Send) step;
        byte[] text = new byte[send.text().remaining()];
        send.text().duplicate().get(text);
        new Pdu(send.bhs(), text).withData(text).write(socket.getOutputStream(), false, false);
        Pdu answer = Pdu.read(socket.getInputStream(), false, false);
        byte[] data = answer.data();
        step =
            negotiation.onResponse(answer.bhs(), data.length == 0 ? null : ByteBuffer.wrap(data));
      }
      return step instanceof LoginStep.Done;
    } catch (IscsiException | java.io.EOFException | java.net.SocketException refused) {
      return false;
    }
  }
}
