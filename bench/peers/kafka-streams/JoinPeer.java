import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * EnMon frames under their gateway's key, re-keyed by the IMEI inside, joined with the table of devices, exactly once:
 * the DSL's repartition and its join of a stream with a KTable, the table's store in memory, its topic its changelog.
 *
 * <p>Arguments as WindowPeer's: bootstrap, application, input, output, stateFolder, threads, commitMs; and table, the
 * compacted topic, and partitions. What is joined: bench/workloads/join/join-actors.ts.
 */
public final class JoinPeer {
  static final int IMEI_AT = 7;
  static final int IMEI_BYTES = 15;
  static final int ZONE_BYTES = 2;
  /** Frames sent, and the four quantities. */
  static final int NUMBERS_BYTES = 12;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = WindowPeer.options(arguments);
    Consumed<Bytes, byte[]> consumed = Consumed.with(Serdes.Bytes(), Serdes.ByteArray());
    StreamsBuilder builder = new StreamsBuilder();
    KTable<Bytes, byte[]> devices =
        builder.table(
            options.get("table"),
            consumed,
            Materialized.<Bytes, byte[]>as(Stores.inMemoryKeyValueStore("devices"))
                .withKeySerde(Serdes.Bytes())
                .withValueSerde(Serdes.ByteArray()));
    builder.stream(options.get("input"), consumed)
        .selectKey((gateway, frame) -> imei(frame))
        .repartition(
            Repartitioned.with(Serdes.Bytes(), Serdes.ByteArray())
                .withName("by-device")
                .withNumberOfPartitions(Integer.parseInt(options.get("partitions"))))
        .join(devices, JoinPeer::joined, Joined.with(Serdes.Bytes(), Serdes.ByteArray(), Serdes.ByteArray()))
        .to(options.get("output"), Produced.with(Serdes.Bytes(), Serdes.ByteArray()));
    WindowPeer.run(builder.build(WindowPeer.config(options)), options);
  }

  static Bytes imei(byte[] frame) {
    Frames.check(frame);
    return Bytes.wrap(Arrays.copyOfRange(frame, IMEI_AT, IMEI_AT + IMEI_BYTES));
  }

  static byte[] joined(byte[] frame, byte[] device) {
    return ByteBuffer.allocate(NUMBERS_BYTES + device.length)
        .put(device, 0, ZONE_BYTES)
        .put(frame, 3, 4)
        .put(frame, 23, 8)
        .put(device, ZONE_BYTES, device.length - ZONE_BYTES)
        .array();
  }
}
