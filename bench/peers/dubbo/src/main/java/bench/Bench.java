package bench;

/** What its servers offer. */
public interface Bench {
  /** Answers the port of the server that was asked. */
  int port();
}
