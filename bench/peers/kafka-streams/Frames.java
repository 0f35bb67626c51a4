/** An EnMon frame, 31 bytes, read in place: as the generated decoder reads and checks it. */
final class Frames {
  static final int BYTES = 31;

  private Frames() {}

  static void check(byte[] frame) {
    check(frame, 0, frame.length);
  }

  static void check(byte[] bytes, int start, int end) {
    if (end - start != BYTES
        || bytes[start] != 1
        || bytes[start + 1] != 0
        || bytes[start + 2] != 28
        || bytes[start + 22] != 0) throw new IllegalArgumentException("no EnMon frame");
    for (int i = start + 7; i < start + 22; i++)
      if (bytes[i] < '0' || bytes[i] > '9') throw new IllegalArgumentException("IMEI");
    int battery = u16(bytes, start + 23);
    int noise = u16(bytes, start + 25);
    int temperature = (short) u16(bytes, start + 27);
    int humidity = u16(bytes, start + 29);
    if (battery < 1700 || battery > 6000 || noise > 140 || temperature < -400 || temperature > 850 || humidity > 1000)
      throw new IllegalArgumentException("out of range");
  }

  static long sent(byte[] frame) {
    return (u16(frame, 3) & 0xffffL) << 16 | u16(frame, 5);
  }

  static int battery(byte[] frame) {
    return u16(frame, 23);
  }

  static int noise(byte[] frame) {
    return u16(frame, 25);
  }

  static int temperature(byte[] frame) {
    return (short) u16(frame, 27);
  }

  static int humidity(byte[] frame) {
    return u16(frame, 29);
  }

  static int u16(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
  }
}
