package org.jclusterfs.mount.control;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jclusterfs.core.vfs.MountException;

/**
 * The Unix socket on which a daemon answers questions about its mount: one line with the question,
 * one JSON document as the answer, then the end. Only root may connect. It answers while every
 * thread of the mount waits for a lock.
 */
public final class ControlSocket implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ControlSocket.class.getName());
  private static final int MOST_CLIENTS = 4;
  private static final int LONGEST_QUESTION = 8192;
  private static final int CLIENT_MILLIS = 60_000;
  private static final int ANSWER_MILLIS = 5_000;

  /** A remount writes back what was changed. */
  private static final int REMOUNT_MILLIS = 60_000;

  /** The question for a {@link org.jclusterfs.core.status.MountStatus}. */
  static final String STATUS = "status";

  private final Path path;
  private final ServerSocketChannel server;

  /** Before the options of a remount. */
  private static final String REMOUNT = "remount ";

  private final Supplier<?> status;
  private final Remount remount;
  private final ExecutorService clients;
  private final int clientMillis;

  private ControlSocket(
      Path path,
      ServerSocketChannel server,
      Supplier<?> status,
      Remount remount,
      int clientMillis) {
    this.clientMillis = clientMillis;
    this.path = path;
    this.server = server;
    this.status = status;
    this.remount = remount;
    clients =
        new ThreadPoolExecutor(
            0,
            MOST_CLIENTS,
            CLIENT_MILLIS,
            TimeUnit.MILLISECONDS,
            new SynchronousQueue<>(),
            task -> daemon(task, "jclusterfs-control-client"));
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Begins to listen.
   *
   * @param path of the socket; what lies there is replaced
   * @param status tells the state of the mount
   * @param remount changes it
   */
  public static ControlSocket listen(Path path, Supplier<?> status, Remount remount)
      throws IOException {
    return listen(path, status, remount, CLIENT_MILLIS);
  }

  /** As {@link #listen(Path, Supplier)}; a client has so long to ask and to take the answer. */
  static ControlSocket listen(Path path, Supplier<?> status, Remount remount, int clientMillis)
      throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(path), MOST_CLIENTS);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      server.close();
      throw e;
    }
    ControlSocket socket = new ControlSocket(path, server, status, remount, clientMillis);
    daemon(socket::accept, "jclusterfs-control").start();
    return socket;
  }

  /** Changes the mount. */
  @FunctionalInterface
  public interface Remount {
    /** Changes it by the options after -o; the message of a failure is for the user. */
    void to(String options) throws MountException;
  }

  private Object remounted(String options) {
    try {
      remount.to(options);
      return Map.of("remounted", true);
    } catch (MountException e) {
      return Map.of("error", e.getMessage());
    }
  }

  /**
   * Has a daemon remount.
   *
   * @param path of its socket
   * @throws IOException in words for the user
   */
  public static void remount(Path path, String options) throws IOException {
    String answer = ask(path, REMOUNT + options, REMOUNT_MILLIS);
    JsonElement error = JsonParser.parseString(answer).getAsJsonObject().get("error");
    if (error != null) {
      throw new IOException(error.getAsString());
    }
  }

  private void accept() {
    while (true) {
      try {
        SocketChannel client = server.accept();
        try {
          clients.execute(() -> serve(client));
          // Who asks nothing, or does not listen, must not keep others from asking.
          CompletableFuture.delayedExecutor(clientMillis, TimeUnit.MILLISECONDS)
              .execute(() -> close(client));
        } catch (RejectedExecutionException e) {
          client.close();
        }
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "control socket: {0}", e.getMessage());
        return;
      }
    }
  }

  private static void close(SocketChannel client) {
    try {
      client.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "control socket: {0}", e.getMessage());
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      String question = line(Channels.newInputStream(client));
      Object told =
          question.equals(STATUS)
              ? status.get()
              : question.startsWith(REMOUNT)
                  ? remounted(question.substring(REMOUNT.length()))
                  : Map.of("error", "unknown question: " + question);
      ByteBuffer document = StandardCharsets.UTF_8.encode(json(told) + "\n");
      while (document.hasRemaining()) {
        client.write(document);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "control socket: {0}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "control socket: a question cannot be answered", e);
    }
  }

  /** Made when asked, as most mounts never are. */
  private static String json(Object told) {
    return new GsonBuilder().serializeNulls().disableHtmlEscaping().create().toJson(told);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (line.length() == LONGEST_QUESTION) {
        throw new IOException("a question is too long");
      }
      line.append((char) c);
    }
    return line.toString();
  }

  /**
   * Asks a daemon.
   *
   * @return its answer, a JSON document
   * @throws IOException if nobody listens there or it does not answer within some seconds
   */
  static String ask(Path path, String question) throws IOException {
    return ask(path, question, ANSWER_MILLIS);
  }

  static String ask(Path path, String question, int millis) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS)
          .execute(() -> close(channel));
      return ask(channel, path, question);
    } catch (ClosedChannelException e) {
      throw new IOException(
          "the daemon gave no answer within "
              + millis / 1000.0
              + " s: it is stopped or hangs (its process number is the name of "
              + path
              + ")",
          e);
    }
  }

  private static String ask(SocketChannel channel, Path path, String question) throws IOException {
    try (channel) {
      channel.connect(UnixDomainSocketAddress.of(path));
      channel.write(StandardCharsets.UTF_8.encode(question + "\n"));
      StringBuilder answer = new StringBuilder();
      BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        answer.append(line);
      }
      if (answer.length() == 0) {
        throw new IOException("the daemon gave no answer");
      }
      return answer.toString();
    }
  }

  @Override
  public void close() {
    try {
      server.close();
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot remove {0}: {1}", path, e.getMessage());
    }
    clients.shutdown();
  }
}
