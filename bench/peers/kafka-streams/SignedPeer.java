import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.Stores;

/**
 * Signed frames to one-minute windows per device, exactly once: each envelope's ECDSA P-256 signature is verified with
 * Java's own provider, then its EnMon frame goes into the window, as WindowPeer's DSL does it. All public keys are read
 * at the start and stay as keys; a verifier is made once for each thread.
 *
 * <p>Arguments as WindowPeer's, without form and store; and keys, a file of lines "key id, 16 hex digits; space; the
 * SubjectPublicKeyInfo in base64". The layout of an envelope is docs/specs/envelope.md.
 */
public final class SignedPeer {
  static final int KIND_ENVELOPE = 1;
  static final byte[] DOMAIN = "msec-frame-v1\0".getBytes(StandardCharsets.ISO_8859_1);
  static final int SIGNATURE_BYTES = 64;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = WindowPeer.options(arguments);
    Map<Long, PublicKey> keys = keys(Path.of(options.get("keys")));
    Duration size = Duration.ofMillis(Long.parseLong(options.get("windowMs")));
    Duration grace = Duration.ofMillis(Long.parseLong(options.get("graceMs")));
    Duration retention = size.multipliedBy(2).plus(grace);
    StreamsBuilder builder = new StreamsBuilder();
    KStream<Bytes, byte[]> frames =
        builder.stream(options.get("input"), Consumed.with(Serdes.Bytes(), Serdes.ByteArray()))
            .processValues(() -> new Verifier(keys));
    frames
        .groupByKey(Grouped.with(Serdes.Bytes(), Serdes.ByteArray()))
        .windowedBy(TimeWindows.ofSizeAndGrace(size, grace))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(
            WindowPeer.Sums::new,
            (key, frame, sums) -> sums.add(frame),
            Materialized.<Bytes, WindowPeer.Sums>as(Stores.inMemoryWindowStore("windows", retention, size, false))
                .withKeySerde(Serdes.Bytes())
                .withValueSerde(WindowPeer.Sums.SERDE)
                .withCachingEnabled())
        .toStream()
        .map((key, sums) -> KeyValue.pair(key.key(), sums.told(key.window().start())))
        .to(options.get("output"), Produced.with(Serdes.Bytes(), Serdes.ByteArray()));
    WindowPeer.run(builder.build(), options);
  }

  static Map<Long, PublicKey> keys(Path file) throws Exception {
    KeyFactory factory = KeyFactory.getInstance("EC");
    Map<Long, PublicKey> keys = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      String[] parts = line.split(" ");
      byte[] spki = Base64.getDecoder().decode(parts[1]);
      keys.put(Long.parseUnsignedLong(parts[0], 16), factory.generatePublic(new X509EncodedKeySpec(spki)));
    }
    return keys;
  }

  static final class Verifier implements FixedKeyProcessor<Bytes, byte[], byte[]> {
    private final Map<Long, PublicKey> keys;
    private final Signature signature;
    private FixedKeyProcessorContext<Bytes, byte[]> context;

    Verifier(Map<Long, PublicKey> keys) {
      this.keys = keys;
      try {
        // r and s as they are in the envelope, 32 bytes each.
        signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      } catch (GeneralSecurityException thrown) {
        throw new IllegalStateException(thrown);
      }
    }

    @Override
    public void init(FixedKeyProcessorContext<Bytes, byte[]> context) {
      this.context = context;
    }

    @Override
    public void process(FixedKeyRecord<Bytes, byte[]> record) {
      byte[] value = record.value();
      // What is no envelope is a change of the device registry.
      if (value[0] != KIND_ENVELOPE) return;
      ByteBuffer envelope = ByteBuffer.wrap(value);
      int idLength = value[15];
      int idEnd = 16 + idLength;
      boolean hasTime = value[6] != 0;
      int payloadAt = idEnd + 8 + (hasTime ? 8 : 0) + 4;
      int payloadEnd = payloadAt + envelope.getInt(payloadAt - 4);
      byte[] device = record.key().get();
      if (envelope.getShort(1) != 0x4d53
          || value[3] != 1
          || value[4] != 1
          || value[5] != 1
          || payloadEnd + SIGNATURE_BYTES != value.length
          || !Arrays.equals(value, 16, idEnd, device, 0, device.length))
        throw new IllegalArgumentException("no signed envelope of this device");
      PublicKey key = keys.get(envelope.getLong(7));
      if (key == null || !isSigned(value, payloadEnd, key)) throw new IllegalArgumentException("not signed");
      context.forward(record.withValue(Arrays.copyOfRange(value, payloadAt, payloadEnd)));
    }

    private boolean isSigned(byte[] value, int signedEnd, PublicKey key) {
      try {
        signature.initVerify(key);
        signature.update(DOMAIN);
        signature.update(value, 1, signedEnd - 1);
        return signature.verify(value, signedEnd, SIGNATURE_BYTES);
      } catch (GeneralSecurityException thrown) {
        return false;
      }
    }
  }
}
