package org.jclusterfs.mount.control;

import com.google.gson.GsonBuilder;
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

/**
 * The Unix socket on which a daemon answers questions about its mount: one line with the question,
 * one JSON document as the answer, then the end. Only root may connect. It answers while every
 * thread of the mount waits for a lock.
 */
public final class ControlSocket implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ControlSocket.class.getName());
  private static final int MOST_CLIENTS = 4;
  private static final int LONGEST_QUESTION = 256;
  private static final int CLIENT_MILLIS = 10_000;
  private static final int ANSWER_MILLIS = 5_000;

  /** The question for a {@link org.jclusterfs.core.status.MountStatus}. */
  static final String STATUS = "status";

  private final Path path;
  private final ServerSocketChannel server;
  private final Map<String, Supplier<?>> answers;
  private final ExecutorService clients;
  private final int clientMillis;

  private ControlSocket(
      Path path, ServerSocketChannel server, Map<String, Supplier<?>> answers, int clientMillis) {
    this.clientMillis = clientMillis;
    this.path = path;
    this.server = server;
    this.answers = answers;
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
   */
  public static ControlSocket listen(Path path, Supplier<?> status) throws IOException {
    return listen(path, status, CLIENT_MILLIS);
  }

  /** As {@link #listen(Path, Supplier)}; a client has so long to ask and to take the answer. */
  static ControlSocket listen(Path path, Supplier<?> status, int clientMillis) throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(path), MOST_CLIENTS);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      server.close();
      throw e;
    }
    ControlSocket socket = new ControlSocket(path, server, Map.of(STATUS, status), clientMillis);
    daemon(socket::accept, "jclusterfs-control").start();
    return socket;
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
      Supplier<?> answer = answers.get(question);
      Object told =
          answer == null ? Map.of("error", "unknown question: " + question) : answer.get();
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
