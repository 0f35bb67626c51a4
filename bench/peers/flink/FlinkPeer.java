import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * EnMon frames to one-minute windows per device with Flink in a cluster within this process: event time from the record,
 * the grace as bounded disorder, sums kept by an aggregate function, state on the heap.
 *
 * <p>Arguments are name=value: bootstrap, application, input, output, stateFolder, guarantee (at_least_once,
 * exactly_once), threads, checkpointMs, windowMs, graceMs. When its standard input ends, it stops with a savepoint, which
 * commits what was told.
 */
public final class FlinkPeer {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new TreeMap<>();
    for (String argument : arguments) options.put(argument.split("=", 2)[0], argument.split("=", 2)[1]);
    System.err.println("flink " + options);
    JobClient job = start(options);
    job.getJobExecutionResult()
        .exceptionally(
            thrown -> {
              thrown.printStackTrace();
              Runtime.getRuntime().halt(1);
              return null;
            });
    while (System.in.read() >= 0) {}
    String folder = "file://" + options.get("stateFolder") + "/savepoint";
    job.stopWithSavepoint(false, folder, SavepointFormatType.NATIVE).get();
    Runtime.getRuntime().halt(0);
  }

  static JobClient start(Map<String, String> options) throws Exception {
    int threads = Integer.parseInt(options.get("threads"));
    boolean isExactlyOnce = options.get("guarantee").equals("exactly_once");
    Configuration config = new Configuration();
    config.set(PipelineOptions.OBJECT_REUSE, true);
    config.set(TaskManagerOptions.NUM_TASK_SLOTS, threads);
    config.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(256));
    config.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(256));
    config.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    config.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    config.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + options.get("stateFolder") + "/checkpoints");
    config.set(RestartStrategyOptions.RESTART_STRATEGY, "none");

    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(threads, config);
    env.enableCheckpointing(
        Long.parseLong(options.get("checkpointMs")),
        isExactlyOnce ? CheckpointingMode.EXACTLY_ONCE : CheckpointingMode.AT_LEAST_ONCE);
    env.getCheckpointConfig().setMinPauseBetweenCheckpoints(0);

    Duration size = Duration.ofMillis(Long.parseLong(options.get("windowMs")));
    Duration grace = Duration.ofMillis(Long.parseLong(options.get("graceMs")));
    env.fromSource(source(options), WatermarkStrategy.forBoundedOutOfOrderness(grace), "frames", Frame.TYPE)
        .keyBy(frame -> frame.device, Types.STRING)
        .window(TumblingEventTimeWindows.of(size))
        .aggregate(new Add(), new Tell(), Sums.TYPE, Sums.TYPE, Types.TUPLE(Types.STRING, Types.PRIMITIVE_ARRAY(Types.BYTE)))
        .sinkTo(sink(options, isExactlyOnce));
    return env.executeAsync(options.get("application"));
  }

  static KafkaSource<Frame> source(Map<String, String> options) {
    return KafkaSource.<Frame>builder()
        .setBootstrapServers(options.get("bootstrap"))
        .setTopics(options.get("input"))
        .setGroupId(options.get("application"))
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setDeserializer(new Decode())
        .setProperty("commit.offsets.on.checkpoint", "true")
        .setProperty("max.poll.records", "20000")
        .setProperty("max.partition.fetch.bytes", String.valueOf(4 << 20))
        .setProperty("fetch.max.bytes", String.valueOf(64 << 20))
        .setProperty("receive.buffer.bytes", String.valueOf(1 << 20))
        .build();
  }

  static KafkaSink<Tuple2<String, byte[]>> sink(Map<String, String> options, boolean isExactlyOnce) {
    Properties producer = new Properties();
    producer.put("batch.size", String.valueOf(512 << 10));
    producer.put("linger.ms", "100");
    producer.put("buffer.memory", String.valueOf(128L << 20));
    producer.put("send.buffer.bytes", String.valueOf(1 << 20));
    producer.put("transaction.timeout.ms", "600000");
    var builder =
        KafkaSink.<Tuple2<String, byte[]>>builder()
            .setBootstrapServers(options.get("bootstrap"))
            .setKafkaProducerConfig(producer)
            .setRecordSerializer(new Write(options.get("output")));
    if (!isExactlyOnce) return builder.setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE).build();
    // Ids that are used again cost less than a new one for each checkpoint.
    return builder
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(options.get("application"))
        .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
        .build();
  }

  /** In the source's thread; the one object is written to the network before the next call. */
  static final class Decode implements KafkaRecordDeserializationSchema<Frame> {
    private static final long serialVersionUID = 1;
    private transient Frame frame;

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Frame> out) {
      if (frame == null) frame = new Frame();
      frame.decode(record.key(), record.value());
      out.collect(frame);
    }

    @Override
    public TypeInformation<Frame> getProducedType() {
      return Frame.TYPE;
    }
  }

  static final class Add implements AggregateFunction<Frame, Sums, Sums> {
    private static final long serialVersionUID = 1;

    @Override
    public Sums createAccumulator() {
      return new Sums();
    }

    @Override
    public Sums add(Frame frame, Sums sums) {
      return sums.add(frame);
    }

    @Override
    public Sums getResult(Sums sums) {
      return sums;
    }

    @Override
    public Sums merge(Sums one, Sums other) {
      return one.merge(other);
    }
  }

  static final class Tell extends ProcessWindowFunction<Sums, Tuple2<String, byte[]>, String, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(String device, Context context, Iterable<Sums> sums, Collector<Tuple2<String, byte[]>> out) {
      for (Sums one : sums) out.collect(Tuple2.of(device, one.told(context.window().getStart())));
    }
  }

  /** Names its topic, too, without which ids cannot be used again. */
  static final class Write
      implements KafkaRecordSerializationSchema<Tuple2<String, byte[]>>, KafkaDatasetFacetProvider {
    private static final long serialVersionUID = 1;
    private final String topic;

    Write(String topic) {
      this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
        Tuple2<String, byte[]> told, KafkaSinkContext context, Long timestamp) {
      return new ProducerRecord<>(topic, null, timestamp, told.f0.getBytes(StandardCharsets.ISO_8859_1), told.f1);
    }

    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
      return Optional.of(
          new DefaultKafkaDatasetFacet(DefaultKafkaDatasetIdentifier.ofTopics(List.of(topic)), new Properties()));
    }
  }
}
