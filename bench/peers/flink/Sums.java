import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Of one window of one device: count, then of each quantity sum, least, greatest, squares. */
public final class Sums {
  static final int QUANTITIES = 4;
  static final int NUMBERS = 1 + 4 * QUANTITIES;
  static final TypeInformation<Sums> TYPE = new PlainInfo<>(Sums.class, SumsSerializer::new);

  final long[] numbers = new long[NUMBERS];

  Sums add(Frame frame) {
    boolean isFirst = numbers[0]++ == 0;
    take(1, frame.battery, isFirst);
    take(5, frame.noise, isFirst);
    take(9, frame.temperature, isFirst);
    take(13, frame.humidity, isFirst);
    return this;
  }

  private void take(int at, long value, boolean isFirst) {
    numbers[at] += value;
    if (isFirst || value < numbers[at + 1]) numbers[at + 1] = value;
    if (isFirst || value > numbers[at + 2]) numbers[at + 2] = value;
    numbers[at + 3] += value * value;
  }

  Sums merge(Sums other) {
    if (other.numbers[0] == 0) return this;
    boolean isFirst = numbers[0] == 0;
    numbers[0] += other.numbers[0];
    for (int at = 1; at < NUMBERS; at += 4) {
      numbers[at] += other.numbers[at];
      if (isFirst || other.numbers[at + 1] < numbers[at + 1]) numbers[at + 1] = other.numbers[at + 1];
      if (isFirst || other.numbers[at + 2] > numbers[at + 2]) numbers[at + 2] = other.numbers[at + 2];
      numbers[at + 3] += other.numbers[at + 3];
    }
    return this;
  }

  Sums take(Sums from) {
    System.arraycopy(from.numbers, 0, numbers, 0, NUMBERS);
    return this;
  }

  /** As all sides tell a window: its start before the numbers, 64 bits each. */
  byte[] told(long windowStart) {
    ByteBuffer into = ByteBuffer.allocate(8 + 8 * NUMBERS).putLong(windowStart);
    for (long number : numbers) into.putLong(number);
    return into.array();
  }

  static final class SumsSerializer extends TypeSerializerSingleton<Sums> {
    private static final long serialVersionUID = 1;

    @Override
    public void serialize(Sums sums, DataOutputView target) throws IOException {
      for (long number : sums.numbers) target.writeLong(number);
    }

    @Override
    public Sums deserialize(DataInputView source) throws IOException {
      return deserialize(new Sums(), source);
    }

    @Override
    public Sums deserialize(Sums reuse, DataInputView source) throws IOException {
      for (int i = 0; i < NUMBERS; i++) reuse.numbers[i] = source.readLong();
      return reuse;
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
      target.write(source, 8 * NUMBERS);
    }

    @Override
    public boolean isImmutableType() {
      return false;
    }

    @Override
    public Sums createInstance() {
      return new Sums();
    }

    @Override
    public Sums copy(Sums from) {
      return new Sums().take(from);
    }

    @Override
    public Sums copy(Sums from, Sums reuse) {
      return reuse.take(from);
    }

    @Override
    public int getLength() {
      return 8 * NUMBERS;
    }

    @Override
    public TypeSerializerSnapshot<Sums> snapshotConfiguration() {
      return new Snapshot();
    }

    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Sums> {
      public Snapshot() {
        super(SumsSerializer::new);
      }
    }
  }
}
