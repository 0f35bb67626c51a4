import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member of Kafka's own: says what it is assigned, a line for each change, until its input ends. */
public class JavaMember {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    properties.put("group.id", args[1]);
    properties.put("group.protocol", args[3]);
    properties.put("enable.auto.commit", "false");
    if (args[3].equals("classic")) {
      properties.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
      properties.put("session.timeout.ms", "45000");
      properties.put("heartbeat.interval.ms", "200");
    }
    AtomicBoolean isClosing = new AtomicBoolean();
    Thread input = new Thread(() -> {
      try (BufferedReader reader = new BufferedReader(new InputStreamReader(System.in))) {
        while (reader.readLine() != null) {}
      } catch (Exception ignored) {
        // Its end is all that matters.
      }
      isClosing.set(true);
    });
    input.setDaemon(true);
    input.start();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(args[2]), new ConsumerRebalanceListener() {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
          System.out.println("lost");
        }
      });
      String said = "";
      while (!isClosing.get()) {
        consumer.poll(Duration.ofMillis(50));
        String now = consumer.assignment().stream()
            .map(TopicPartition::partition)
            .collect(Collectors.toCollection(TreeSet::new))
            .stream()
            .map(String::valueOf)
            .collect(Collectors.joining(","));
        if (!now.equals(said)) System.out.println("told " + now);
        said = now;
      }
    }
  }
}
