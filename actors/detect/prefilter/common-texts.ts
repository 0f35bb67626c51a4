/**
 * How common four bytes are in traffic, roughly: what the prefilter looks for of a pattern should be rare, since each
 * place that has it is looked at closer. Only the cost depends on it.
 */

/** Texts that most traffic of cities has. */
const COMMON =
  `GET / HTTP/1.1 POST /index.html HTTP/1.0 200 OK host: www. .com .org .net http:// https:// user-agent: mozilla/5.0
 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/ safari/ accept: text/html,application/xhtml+xml
 accept-language: en-us,en;q=0.5 accept-encoding: gzip, deflate connection: keep-alive close content-type: application/json
 application/octet-stream image/ content-length: content-disposition: form-data; name= cookie: set-cookie: referer: location:
 server: apache nginx date: mon, tue, wed, thu, fri, sat, sun, 2024 gmt cache-control: no-cache max-age= transfer-encoding: chunked
 charset=utf-8 <html><head><title></title></head><body><div class=" id=" </div> <script type="text/javascript"> function( var
 return </script></body></html> <a href=" <img src=" <?xml version="1.0" encoding=" { "name": "value": "id": "type": true false
 null "temperature": "humidity": sensors/ device password username admin login /api/ /cgi-bin/ .php? .asp .js .css .png the and
 for that with this from have \r\n\r\n\r\n    \t\t\t\t 00000000 ffffffff aaaaaaaa --------- ======== ........ ########`.replaceAll(
    '\n',
    '\r\n',
  );

/** As the keys of the prefilter are: each byte with bit 0x20 set. */
const CASE = 0x20;
const grams = new Map<number, number>();
const singles = new Float64Array(256).fill(-2);
const bytes = Buffer.from(Buffer.from(COMMON, 'latin1').map((byte) => byte | CASE));
for (let i = 0; i + 4 <= bytes.length; i += 1) {
  const gram = bytes.readInt32LE(i);
  grams.set(gram, Math.min(8, (grams.get(gram) ?? 3) + 1));
}
for (const byte of bytes) singles[byte]! += 0.05;
// Zero is 0x20 then, and 0xff itself: what frames are filled up with.
singles[0xff] = 1;

/** Of four bytes with bit 0x20 set; more is more common. */
export function commonness(gram: number): number {
  let sum = grams.get(gram) ?? 0;
  for (let shift = 0; shift < 32; shift += 8) sum += Math.min(2, singles[(gram >>> shift) & 0xff]!);
  const first = gram & 0xff;
  const isRun = gram === ((first << 24) | (first << 16) | (first << 8) | first);
  return isRun ? sum + 6 : sum;
}
