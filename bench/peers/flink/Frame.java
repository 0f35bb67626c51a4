import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** A decoded frame as it goes from a source to the windows: one object, used again. */
public final class Frame {
  static final int BYTES = 31;
  static final TypeInformation<Frame> TYPE = new PlainInfo<>(Frame.class, FrameSerializer::new);

  String device = "";
  int battery;
  int noise;
  int temperature;
  int humidity;

  /** With every check that the generated decoder makes. */
  void decode(byte[] key, byte[] frame) {
    if (frame.length != BYTES || frame[0] != 1 || frame[1] != 0 || frame[2] != 28 || frame[22] != 0)
      throw new IllegalArgumentException("no EnMon frame");
    for (int i = 7; i < 22; i++) if (frame[i] < '0' || frame[i] > '9') throw new IllegalArgumentException("IMEI");
    battery = u16(frame, 23);
    noise = u16(frame, 25);
    temperature = (short) u16(frame, 27);
    humidity = u16(frame, 29);
    if (battery < 1700 || battery > 6000 || noise > 140 || temperature < -400 || temperature > 850 || humidity > 1000)
      throw new IllegalArgumentException("out of range");
    device = new String(key, StandardCharsets.ISO_8859_1);
  }

  private static int u16(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
  }

  Frame take(Frame from) {
    device = from.device;
    battery = from.battery;
    noise = from.noise;
    temperature = from.temperature;
    humidity = from.humidity;
    return this;
  }

  /** Device as Latin-1 after its length, then the four quantities in 16 bits each. */
  static final class FrameSerializer extends TypeSerializer<Frame> {
    private static final long serialVersionUID = 1;
    private transient byte[] name = new byte[256];

    /** Has room of its own to work in. */
    @Override
    public TypeSerializer<Frame> duplicate() {
      return new FrameSerializer();
    }

    @Override
    @SuppressWarnings("deprecation")
    public void serialize(Frame frame, DataOutputView target) throws IOException {
      int length = frame.device.length();
      byte[] bytes = name();
      bytes[0] = (byte) length;
      frame.device.getBytes(0, length, bytes, 1);
      target.write(bytes, 0, length + 1);
      target.writeLong(
          (long) frame.battery << 48
              | (long) frame.noise << 32
              | (frame.temperature & 0xffffL) << 16
              | frame.humidity);
    }

    @Override
    public Frame deserialize(DataInputView source) throws IOException {
      return deserialize(new Frame(), source);
    }

    @Override
    @SuppressWarnings("deprecation")
    public Frame deserialize(Frame reuse, DataInputView source) throws IOException {
      int length = source.readUnsignedByte();
      byte[] bytes = name();
      source.readFully(bytes, 0, length);
      reuse.device = new String(bytes, 0, 0, length);
      long quantities = source.readLong();
      reuse.battery = (int) (quantities >>> 48);
      reuse.noise = (int) (quantities >>> 32) & 0xffff;
      reuse.temperature = (short) (quantities >>> 16);
      reuse.humidity = (int) quantities & 0xffff;
      return reuse;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof FrameSerializer;
    }

    @Override
    public int hashCode() {
      return FrameSerializer.class.hashCode();
    }

    private byte[] name() {
      if (name == null) name = new byte[256];
      return name;
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
      int length = source.readUnsignedByte();
      target.writeByte(length);
      target.write(source, length + 8);
    }

    @Override
    public boolean isImmutableType() {
      return false;
    }

    @Override
    public Frame createInstance() {
      return new Frame();
    }

    @Override
    public Frame copy(Frame from) {
      return new Frame().take(from);
    }

    @Override
    public Frame copy(Frame from, Frame reuse) {
      return reuse.take(from);
    }

    @Override
    public int getLength() {
      return -1;
    }

    @Override
    public TypeSerializerSnapshot<Frame> snapshotConfiguration() {
      return new Snapshot();
    }

    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Frame> {
      public Snapshot() {
        super(FrameSerializer::new);
      }
    }
  }
}
