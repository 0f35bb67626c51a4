import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/** For each line `CLASS VERSION JSON` of standard input: the message as Kafka's own class writes it, in hexadecimal. */
public class JavaCodecs {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] parts = line.split(" ", 3);
      short version = Short.parseShort(parts[1]);
      Class<?> converter = Class.forName("org.apache.kafka.common.message." + parts[0] + "JsonConverter");
      Method read = converter.getMethod("read", JsonNode.class, short.class);
      Message message = (Message) read.invoke(null, json.readTree(parts[2]), version);
      ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
      out.println(HexFormat.of().formatHex(bytes.array(), bytes.position(), bytes.limit()));
    }
    out.flush();
  }
}
