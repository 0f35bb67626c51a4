import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * EnMon frames to what they measured and how often the device has been seen, which is kept in a row of one KiB. The rows
 * lie in RocksDB: a store in memory has no copy on the disk that a restart could use. Arguments as WindowPeer's.
 */
public final class RecoveryPeer {
  static final int ROW_BYTES = 1024;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = WindowPeer.options(arguments);
    var supplier = Stores.persistentKeyValueStore("seen");
    var store = Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Serdes.ByteArray()).withCachingEnabled();
    Topology topology = new Topology();
    topology.addSource(
        "frames", Serdes.Bytes().deserializer(), Serdes.ByteArray().deserializer(), options.get("input"));
    topology.addProcessor("seen", Seen::new, "frames");
    topology.addStateStore(store, "seen");
    topology.addSink(
        "told", options.get("output"), Serdes.Bytes().serializer(), Serdes.ByteArray().serializer(), "seen");
    WindowPeer.run(topology, options);
  }

  static final class Seen implements Processor<Bytes, byte[], Bytes, byte[]> {
    private ProcessorContext<Bytes, byte[]> context;
    private KeyValueStore<Bytes, byte[]> store;

    @Override
    public void init(ProcessorContext<Bytes, byte[]> context) {
      this.context = context;
      store = context.getStateStore("seen");
    }

    @Override
    public void process(Record<Bytes, byte[]> record) {
      byte[] row = store.get(record.key());
      if (row == null) {
        // Full of numbers, so that nothing about it is small.
        ByteBuffer fresh = ByteBuffer.allocate(ROW_BYTES);
        for (int i = 1; i < ROW_BYTES / 8; i++)
          fresh.putDouble(8 * i, record.key().hashCode() + i + record.timestamp());
        row = fresh.array();
      }
      ByteBuffer counted = ByteBuffer.wrap(row);
      int times = (int) counted.getLong(0) + 1;
      counted.putLong(0, times);
      store.put(record.key(), row);
      byte[] measures = LatencyPeer.decode(record.value());
      byte[] told = ByteBuffer.allocate(measures.length + 4).put(measures).putInt(times).array();
      context.forward(record.withValue(told));
    }
  }
}
