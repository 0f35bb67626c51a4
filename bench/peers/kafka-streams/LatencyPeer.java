import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * EnMon frames to what they measured, one record for each frame, exactly once: decode with every
 * check, emit, without state. Arguments as WindowPeer's.
 */
public final class LatencyPeer {
  static final int FRAME_BYTES = 31;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = WindowPeer.options(arguments);
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(options.get("input"), Consumed.with(Serdes.Bytes(), Serdes.ByteArray()))
        .mapValues(LatencyPeer::decode)
        .to(options.get("output"), Produced.with(Serdes.Bytes(), Serdes.ByteArray()));
    WindowPeer.run(builder.build(), options);
  }

  static byte[] decode(byte[] frame) {
    if (frame.length != FRAME_BYTES || frame[0] != 1 || frame[1] != 0 || frame[2] != 28 || frame[22] != 0)
      throw new IllegalArgumentException("no EnMon frame");
    for (int i = 7; i < 22; i++) if (frame[i] < '0' || frame[i] > '9') throw new IllegalArgumentException("IMEI");
    ByteBuffer from = ByteBuffer.wrap(frame);
    int battery = from.getShort(23) & 0xffff;
    int noise = from.getShort(25) & 0xffff;
    int temperature = from.getShort(27);
    int humidity = from.getShort(29) & 0xffff;
    if (battery < 1700 || battery > 6000 || noise > 140 || temperature < -400 || temperature > 850 || humidity > 1000)
      throw new IllegalArgumentException("out of range");
    return ByteBuffer.allocate(12)
        .putInt(from.getInt(3))
        .putShort((short) battery)
        .putShort((short) noise)
        .putShort((short) temperature)
        .putShort((short) humidity)
        .array();
  }
}
