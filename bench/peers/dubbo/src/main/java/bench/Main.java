package bench;

import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/**
 * Dubbo with ZooKeeper: "server &lt;registry&gt; &lt;port&gt;", "join &lt;registry&gt;", which calls every millisecond and
 * says when each server first answered, or "kill &lt;registry&gt; &lt;servers&gt; &lt;in flight&gt;", which tells on
 * SIGTERM how many calls have failed.
 */
public final class Main {
  /** Where results go; what Dubbo prints goes to stderr. */
  private static final PrintStream OUT = System.out;

  private Main() {}

  /** Runs what the command line asks for. */
  public static void main(String[] arguments) throws Exception {
    System.setOut(System.err);
    System.setProperty("dubbo.application.logger", "slf4j");
    System.setProperty("dubbo.application.qos-enable", "false");
    RegistryConfig registry = new RegistryConfig(arguments[1]);
    switch (arguments[0]) {
      case "server" -> serve(registry, Integer.parseInt(arguments[2]));
      case "join" -> join(reference(registry));
      case "kill" ->
          kill(reference(registry), Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void serve(RegistryConfig registry, int wanted) throws IOException {
    int port = wanted == 0 ? freePort() : wanted;
    ServiceConfig<Bench> service = new ServiceConfig<>();
    service.setInterface(Bench.class);
    service.setRef(() -> port);
    ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
    protocol.setHost("127.0.0.1");
    DubboBootstrap bootstrap = DubboBootstrap.getInstance();
    bootstrap.application("bench-server-" + port).registry(registry).protocol(protocol);
    bootstrap.service(service).start();
    OUT.println("ready " + port);
    bootstrap.await();
  }

  private static Bench reference(RegistryConfig registry) {
    ReferenceConfig<Bench> reference = new ReferenceConfig<>();
    reference.setInterface(Bench.class);
    reference.setRetries(0);
    DubboBootstrap bootstrap = DubboBootstrap.getInstance();
    bootstrap.application("bench-client").registry(registry).reference(reference).start();
    return reference.get();
  }

  private static void join(Bench bench) throws InterruptedException {
    Set<Integer> known = ConcurrentHashMap.newKeySet();
    while (true) {
      int port;
      try {
        port = bench.port();
      } catch (RuntimeException error) {
        // A server has been stopped: what is looked at is those that come.
        continue;
      }
      Instant now = Instant.now();
      if (known.add(port)) {
        if (known.size() == 1) OUT.println("ready " + port);
        else OUT.printf("%d %.3f%n", port, now.getEpochSecond() * 1e3 + now.getNano() / 1e6);
      }
      Thread.sleep(1);
    }
  }

  private static void kill(Bench bench, int servers, int inFlight) throws InterruptedException {
    AtomicBoolean running = new AtomicBoolean(true);
    AtomicBoolean counting = new AtomicBoolean();
    AtomicLong calls = new AtomicLong();
    AtomicLong failed = new AtomicLong();
    AtomicLong slowest = new AtomicLong();
    Set<Integer> known = ConcurrentHashMap.newKeySet();
    Thread[] lanes = new Thread[inFlight];
    for (int i = 0; i < inFlight; i++) {
      lanes[i] = new Thread(() -> {
        while (running.get()) {
          long startedAt = System.nanoTime();
          try {
            known.add(bench.port());
          } catch (RuntimeException error) {
            if (counting.get()) failed.incrementAndGet();
          }
          long took = System.nanoTime() - startedAt;
          if (counting.get()) slowest.accumulateAndGet(took, Math::max);
          calls.incrementAndGet();
        }
      });
      lanes[i].start();
    }
    while (known.size() < servers || calls.get() < 1_000) Thread.sleep(1);
    counting.set(true);
    OUT.println("ready " + servers);
    Thread stopped = new Thread(() -> {
      running.set(false);
      try {
        for (Thread lane : lanes) lane.join();
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
      }
      OUT.printf("{\"calls\": %d, \"failed\": %d, \"slowestMs\": %.3f}%n", calls.get(),
          failed.get(), slowest.get() / 1e6);
      OUT.flush();
    });
    Runtime.getRuntime().addShutdownHook(stopped);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
