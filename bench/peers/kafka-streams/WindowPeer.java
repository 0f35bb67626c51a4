import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * EnMon frames to one-minute windows per device with Kafka Streams: count, and of each quantity sum, least, greatest and
 * sum of squares. A window is told once, when its end and the grace have passed in event time.
 *
 * <p>Three forms of the same: the DSL with emission on close, the DSL with suppression, and a processor of one's own over
 * a cached store. Arguments are name=value: bootstrap, application, input, output, stateFolder, guarantee
 * (exactly_once_v2 where absent), form (close, suppress, processor), store (memory, rocksdb), threads, commitMs, windowMs,
 * graceMs. Ends when its standard input does.
 */
public final class WindowPeer {
  static final int FRAME_BYTES = 31;
  static final int QUANTITIES = 4;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = options(arguments);
    run(topology(options), options);
  }

  static Map<String, String> options(String[] arguments) {
    Map<String, String> options = new TreeMap<>();
    for (String argument : arguments) options.put(argument.split("=", 2)[0], argument.split("=", 2)[1]);
    return options;
  }

  /** Until standard input ends. For the other peers of this folder, too, as is config. */
  static void run(Topology topology, Map<String, String> options) throws Exception {
    Properties config = config(options);
    System.err.println("kafka-streams " + options + " " + config);
    KafkaStreams streams = new KafkaStreams(topology, config);
    streams.setUncaughtExceptionHandler(
        thrown -> {
          thrown.printStackTrace();
          Runtime.getRuntime().halt(1);
          return null;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) System.out.println("running");
        });
    streams.start();
    while (System.in.read() >= 0) {}
    streams.close(Duration.ofSeconds(20));
  }

  static Properties config(Map<String, String> options) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("application"));
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("bootstrap"));
    config.put(StreamsConfig.STATE_DIR_CONFIG, options.get("stateFolder"));
    config.put(
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG, options.getOrDefault("guarantee", StreamsConfig.EXACTLY_ONCE_V2));
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, options.get("threads"));
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.get("commitMs"));
    config.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
    config.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 20_000);
    config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    consumer(config, ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    consumer(config, ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 20_000);
    consumer(config, ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 4 << 20);
    consumer(config, ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 64 << 20);
    consumer(config, ConsumerConfig.RECEIVE_BUFFER_CONFIG, 1 << 20);
    producer(config, ProducerConfig.BATCH_SIZE_CONFIG, 512 << 10);
    producer(config, ProducerConfig.LINGER_MS_CONFIG, 100);
    producer(config, ProducerConfig.BUFFER_MEMORY_CONFIG, 128L << 20);
    producer(config, ProducerConfig.SEND_BUFFER_CONFIG, 1 << 20);
    // Where a workload asks for something else: set.NAME=VALUE.
    options.forEach((name, value) -> {
      if (name.startsWith("set.")) config.put(name.substring("set.".length()), value);
    });
    return config;
  }

  static void consumer(Properties config, String name, Object value) {
    config.put(StreamsConfig.mainConsumerPrefix(name), value);
  }

  static void producer(Properties config, String name, Object value) {
    config.put(StreamsConfig.producerPrefix(name), value);
  }

  static Topology topology(Map<String, String> options) {
    long windowMs = Long.parseLong(options.get("windowMs"));
    long graceMs = Long.parseLong(options.get("graceMs"));
    String input = options.get("input");
    String output = options.get("output");
    boolean inMemory = options.get("store").equals("memory");
    if (options.get("form").equals("processor")) return processorTopology(input, output, windowMs, graceMs, inMemory);

    Duration retention = Duration.ofMillis(windowMs * 2 + graceMs);
    Duration size = Duration.ofMillis(windowMs);
    TimeWindows windows = TimeWindows.ofSizeAndGrace(size, Duration.ofMillis(graceMs));
    StreamsBuilder builder = new StreamsBuilder();
    TimeWindowedKStream<Bytes, byte[]> windowed =
        builder.stream(input, Consumed.with(Serdes.Bytes(), Serdes.ByteArray()))
            .groupByKey(Grouped.with(Serdes.Bytes(), Serdes.ByteArray()))
            .windowedBy(windows);
    boolean onClose = options.get("form").equals("close");
    if (onClose) windowed = windowed.emitStrategy(EmitStrategy.onWindowClose());
    var stored =
        inMemory
            ? Materialized.<Bytes, Sums>as(Stores.inMemoryWindowStore("windows", retention, size, false))
            : Materialized.<Bytes, Sums, org.apache.kafka.streams.state.WindowStore<Bytes, byte[]>>as("windows")
                .withRetention(retention);
    stored = stored.withKeySerde(Serdes.Bytes()).withValueSerde(Sums.SERDE).withCachingEnabled();
    var table = windowed.aggregate(Sums::new, (key, frame, sums) -> sums.add(frame), stored);
    if (!onClose) {
      table = table.suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()));
    }
    table
        .toStream()
        .map((Windowed<Bytes> key, Sums sums) -> KeyValue.pair(key.key(), sums.told(key.window().start())))
        .to(output, Produced.with(Serdes.Bytes(), Serdes.ByteArray()));
    return builder.build();
  }

  static Topology processorTopology(String input, String output, long windowMs, long graceMs, boolean inMemory) {
    var supplier = inMemory ? Stores.inMemoryKeyValueStore("windows") : Stores.persistentKeyValueStore("windows");
    var store = Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Sums.SERDE).withCachingEnabled();
    Topology topology = new Topology();
    topology.addSource("frames", Serdes.Bytes().deserializer(), Serdes.ByteArray().deserializer(), input);
    topology.addProcessor("window", () -> new Windows(windowMs, graceMs), "frames");
    topology.addStateStore(store, "window");
    topology.addSink("told", output, Serdes.Bytes().serializer(), Serdes.ByteArray().serializer(), "window");
    return topology;
  }

  /** Rows under window start and device, so that a window that closes is one range of the store. */
  static final class Windows implements Processor<Bytes, byte[], Bytes, byte[]> {
    private final long windowMs;
    private final long graceMs;
    private ProcessorContext<Bytes, byte[]> context;
    private KeyValueStore<Bytes, Sums> store;
    private long streamTime = Long.MIN_VALUE;
    private long dueNext = Long.MAX_VALUE;

    Windows(long windowMs, long graceMs) {
      this.windowMs = windowMs;
      this.graceMs = graceMs;
    }

    @Override
    public void init(ProcessorContext<Bytes, byte[]> context) {
      this.context = context;
      store = context.getStateStore("windows");
      streamTime = context.currentStreamTimeMs();
      try (KeyValueIterator<Bytes, Sums> all = store.all()) {
        if (all.hasNext()) dueNext = startOf(all.peekNextKey()) + windowMs + graceMs;
      }
    }

    @Override
    public void process(Record<Bytes, byte[]> record) {
      long timestamp = record.timestamp();
      long start = timestamp - Math.floorMod(timestamp, windowMs);
      if (start + windowMs + graceMs <= streamTime) return;
      byte[] device = record.key().get();
      Bytes row = Bytes.wrap(ByteBuffer.allocate(8 + device.length).putLong(start).put(device).array());
      Sums sums = store.get(row);
      if (sums == null) sums = new Sums();
      store.put(row, sums.add(record.value()));
      dueNext = Math.min(dueNext, start + windowMs + graceMs);
      if (timestamp <= streamTime) return;
      streamTime = timestamp;
      if (streamTime >= dueNext) tellDue();
    }

    private void tellDue() {
      // Every window whose end and grace have passed starts below this.
      long before = streamTime - windowMs - graceMs + 1;
      byte[] low = ByteBuffer.allocate(8).putLong(0).array();
      byte[] high = ByteBuffer.allocate(8).putLong(before).array();
      try (KeyValueIterator<Bytes, Sums> due = store.range(Bytes.wrap(low), Bytes.wrap(high))) {
        while (due.hasNext()) {
          KeyValue<Bytes, Sums> row = due.next();
          long start = startOf(row.key);
          byte[] device = Arrays.copyOfRange(row.key.get(), 8, row.key.get().length);
          context.forward(new Record<>(Bytes.wrap(device), row.value.told(start), start + windowMs - 1));
          store.delete(row.key);
        }
      }
      dueNext = Long.MAX_VALUE;
      try (KeyValueIterator<Bytes, Sums> all = store.all()) {
        if (all.hasNext()) dueNext = startOf(all.peekNextKey()) + windowMs + graceMs;
      }
    }

    private static long startOf(Bytes row) {
      return ByteBuffer.wrap(row.get()).getLong();
    }
  }

  /** Of one window of one device. As bytes: count, then of each quantity sum, least, greatest, squares; 64 bits each. */
  static final class Sums {
    static final int BYTES = 8 * (1 + 4 * QUANTITIES);
    static final Serde<Sums> SERDE =
        Serdes.serdeFrom(
            (Serializer<Sums>) (topic, sums) -> sums == null ? null : sums.write(ByteBuffer.allocate(BYTES)),
            (Deserializer<Sums>) (topic, bytes) -> bytes == null ? null : read(bytes));

    long count;
    final long[] sum = new long[QUANTITIES];
    final long[] least = new long[QUANTITIES];
    final long[] greatest = new long[QUANTITIES];
    final long[] squares = new long[QUANTITIES];

    /** Decodes the frame with every check that the generated decoder makes. */
    Sums add(byte[] frame) {
      if (frame.length != FRAME_BYTES || frame[0] != 1 || frame[1] != 0 || frame[2] != 28 || frame[22] != 0)
        throw new IllegalArgumentException("no EnMon frame");
      for (int i = 7; i < 22; i++) if (frame[i] < '0' || frame[i] > '9') throw new IllegalArgumentException("IMEI");
      int battery = u16(frame, 23);
      int noise = u16(frame, 25);
      int temperature = (short) u16(frame, 27);
      int humidity = u16(frame, 29);
      if (battery < 1700 || battery > 6000 || noise > 140 || temperature < -400 || temperature > 850 || humidity > 1000)
        throw new IllegalArgumentException("out of range");
      take(0, battery);
      take(1, noise);
      take(2, temperature);
      take(3, humidity);
      count++;
      return this;
    }

    private void take(int i, long value) {
      sum[i] += value;
      squares[i] += value * value;
      if (count == 0 || value < least[i]) least[i] = value;
      if (count == 0 || value > greatest[i]) greatest[i] = value;
    }

    private static int u16(byte[] bytes, int at) {
      return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    byte[] told(long windowStart) {
      return write(ByteBuffer.allocate(8 + BYTES).putLong(windowStart));
    }

    byte[] write(ByteBuffer into) {
      into.putLong(count);
      for (int i = 0; i < QUANTITIES; i++)
        into.putLong(sum[i]).putLong(least[i]).putLong(greatest[i]).putLong(squares[i]);
      return into.array();
    }

    static Sums read(byte[] bytes) {
      ByteBuffer from = ByteBuffer.wrap(bytes);
      Sums sums = new Sums();
      sums.count = from.getLong();
      for (int i = 0; i < QUANTITIES; i++) {
        sums.sum[i] = from.getLong();
        sums.least[i] = from.getLong();
        sums.greatest[i] = from.getLong();
        sums.squares[i] = from.getLong();
      }
      return sums;
    }
  }
}
