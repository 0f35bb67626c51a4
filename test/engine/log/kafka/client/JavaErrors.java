import org.apache.kafka.common.errors.RefreshRetriableException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Kafka's own table of errors: number, name, and whether its client retries, and looks the leaders up before. */
public class JavaErrors {
  public static void main(String[] args) {
    for (Errors error : Errors.values()) {
      boolean retries = error.exception() instanceof RetriableException;
      boolean refreshes = error.exception() instanceof RefreshRetriableException;
      System.out.println(error.code() + " " + error.name() + " " + (refreshes ? "refresh" : retries ? "retry" : "-"));
    }
  }
}
