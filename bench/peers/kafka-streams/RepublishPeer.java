import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * EnMon frames to Avro records (msec.readings.EnMon, schemas/avro/enmon-reading.avsc) in Confluent's wire format, under
 * the same key, exactly once. The Avro is written by hand into one array for each thread, without records in between.
 * Arguments as WindowPeer's: bootstrap, application, input, output, stateFolder, threads, commitMs; and schemaId.
 */
public final class RepublishPeer {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = WindowPeer.options(arguments);
    int schemaId = Integer.parseInt(options.get("schemaId"));
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(options.get("input"), Consumed.with(Serdes.Bytes(), Serdes.ByteArray()))
        .processValues(() -> new Publisher(schemaId))
        .to(options.get("output"), Produced.with(Serdes.Bytes(), Serdes.ByteArray()));
    WindowPeer.run(builder.build(), options);
  }

  static final class Publisher implements FixedKeyProcessor<Bytes, byte[], byte[]> {
    private final byte[] bytes = new byte[512];
    private final ByteBuffer doubles = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    private final int schemaId;
    private FixedKeyProcessorContext<Bytes, byte[]> context;
    private int at;

    Publisher(int schemaId) {
      this.schemaId = schemaId;
    }

    @Override
    public void init(FixedKeyProcessorContext<Bytes, byte[]> context) {
      this.context = context;
    }

    @Override
    public void process(FixedKeyRecord<Bytes, byte[]> record) {
      byte[] frame = record.value();
      Frames.check(frame);
      byte[] device = record.key().get();
      at = 0;
      bytes[at++] = 0;
      bytes[at++] = (byte) (schemaId >>> 24);
      bytes[at++] = (byte) (schemaId >>> 16);
      bytes[at++] = (byte) (schemaId >>> 8);
      bytes[at++] = (byte) schemaId;
      putLong(device.length);
      System.arraycopy(device, 0, bytes, at, device.length);
      at += device.length;
      putLong(record.timestamp());
      putLong(record.timestamp());
      // Boot epoch and sequence, which come with an envelope; neither verified nor suspect.
      bytes[at++] = 0;
      bytes[at++] = 0;
      bytes[at++] = 0;
      bytes[at++] = 0;
      putLong(Frames.sent(frame));
      putDouble(Frames.battery(frame));
      putDouble(Frames.noise(frame));
      putDouble(Frames.temperature(frame) / 10.0);
      putDouble(Frames.humidity(frame) / 10.0);
      // No flags.
      bytes[at++] = 0;
      context.forward(record.withValue(Arrays.copyOf(bytes, at)));
    }

    private void putLong(long value) {
      long rest = (value << 1) ^ (value >> 63);
      while ((rest & ~0x7fL) != 0) {
        bytes[at++] = (byte) (rest | 0x80);
        rest >>>= 7;
      }
      bytes[at++] = (byte) rest;
    }

    private void putDouble(double value) {
      bytes[at++] = 2;
      doubles.putDouble(at, value);
      at += 8;
    }
  }
}
