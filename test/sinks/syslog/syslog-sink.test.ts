import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { errorData, systemClock } from '../../../engine/index.ts';
import { parseSyslogAddress, SEVERITY, SyslogSink, type SyslogSinkOptions } from '../../../sinks/syslog/index.ts';
import { freePorts } from '../../support/free-ports.ts';
import { needs, programPath } from '../../support/needs.ts';
import { append, GROUP, memoryLog, TOPIC } from '../ndjson/sink-fixture.ts';

type Log = Awaited<ReturnType<typeof memoryLog>>;

const sender = { facility: 'local3', host: 'gateway-1', application: 'msec', process: '7' } as const;

function openSink(log: Log, address: string, more: Partial<SyslogSinkOptions> = {}): Promise<SyslogSink> {
  return SyslogSink.open({
    log,
    reader: log.openReader(),
    topic: TOPIC,
    partitions: 2,
    group: GROUP,
    address: parseSyslogAddress(address),
    sender,
    message: ({ timestampMs, value }) => {
      const text = Buffer.from(value ?? []).toString();
      if (text === 'nothing') return undefined;
      if (text === 'broken') throw new Error('cannot be read');
      return { severity: SEVERITY.error, atMs: timestampMs, id: 'test', data: { device: 'roof-7' }, text };
    },
    clock: systemClock,
    onFailure: (error) => t.fail(errorData(error).message),
    ...more,
  });
}

/** Messages by their octet counts, as they come. */
class Receiver {
  readonly server: Server;
  readonly texts: string[] = [];
  readonly sockets = new Set<Socket>();
  #wake: () => void = () => undefined;

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      let input = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        input = Buffer.concat([input, chunk]);
        for (;;) {
          const space = input.indexOf(0x20);
          const length = Number(input.toString('latin1', 0, Math.max(0, space)));
          if (space < 0 || input.length < space + 1 + length) break;
          this.texts.push(input.toString('utf8', space + 1, space + 1 + length).split('\ufeff')[1]!);
          input = input.subarray(space + 1 + length);
        }
        this.#wake();
      });
      socket.on('error', () => undefined);
    });
  }

  async listen(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }
}

void t.test('records leave as messages in the order of their partition, and the group has read them', async (t) => {
  const log = await memoryLog(t);
  const receiver = new Receiver();
  t.teardown(() => receiver.close());
  const port = await receiver.listen();
  await append(log, 0, ['a', 'nothing', 'b ä']);
  await append(log, 1, ['c']);
  const sink = await openSink(log, `tcp://127.0.0.1:${port}`);
  t.equal(await sink.step(), 4);
  t.equal(await sink.step(), 0);
  await receiver.until(() => receiver.texts.length === 3);
  t.same(
    receiver.texts.filter((text) => text !== 'c'),
    ['a', 'b ä'],
  );
  t.same(await log.openReader().committed(GROUP, TOPIC), [3, 1]);
  await sink.close();
});

void t.test('a record that cannot be read is told and does not hold up the rest', async (t) => {
  const log = await memoryLog(t);
  const receiver = new Receiver();
  t.teardown(() => receiver.close());
  const port = await receiver.listen();
  await append(log, 0, ['broken', 'after']);
  const failures: unknown[] = [];
  const sink = await openSink(log, `tcp://127.0.0.1:${port}`, { onFailure: (error) => failures.push(error) });
  await sink.step();
  await receiver.until(() => receiver.texts.length === 1);
  t.same(receiver.texts, ['after']);
  t.equal(failures.length, 1);
  await sink.close();
});

void t.test('while the receiver is away nothing is left out: it comes once it is back, told once', async (t) => {
  const log = await memoryLog(t);
  const first = new Receiver();
  // Nobody else gets it while nobody listens there.
  const [port] = await freePorts(1);
  await first.listen(port);
  const failures: unknown[] = [];
  let hasFailed: () => void = () => undefined;
  const failed = new Promise<void>((resolve) => {
    hasFailed = resolve;
  });
  const sink = await openSink(log, `tcp://127.0.0.1:${port}`, {
    onFailure: (error) => {
      failures.push(error);
      hasFailed();
    },
  });
  const stop = new AbortController();
  const running = sink.run(stop.signal);
  await append(log, 0, ['before']);
  await first.until(() => first.texts.length === 1);
  const [socket] = first.sockets;
  const gone = once(socket!, 'close');
  await first.close();
  await gone;
  // What the kernel took of a connection that was ending is nobody's: from the first refused connection on nothing is.
  for (let i = 0; failures.length === 0; i++) {
    await append(log, 0, [`probe ${i}`]);
    await Promise.race([failed, new Promise((resolve) => setImmediate(resolve))]);
  }
  await append(log, 1, ['meanwhile 1']);
  await append(log, 0, ['meanwhile 2']);
  const second = new Receiver();
  t.teardown(() => second.close());
  await second.listen(port);
  await second.until(() => second.texts.includes('meanwhile 1') && second.texts.includes('meanwhile 2'));
  t.equal(errorData(failures[0]).code, 'DEPENDENCY_DOWN');
  t.equal(failures.length, 1);
  stop.abort();
  await running;
  await sink.close();
});

void t.test('a restart goes on where the group is', async (t) => {
  const log = await memoryLog(t);
  const receiver = new Receiver();
  t.teardown(() => receiver.close());
  const port = await receiver.listen();
  await append(log, 0, ['one']);
  const before = await openSink(log, `tcp://127.0.0.1:${port}`);
  await before.step();
  await before.close();
  await append(log, 0, ['two']);
  const after = await openSink(log, `tcp://127.0.0.1:${port}`);
  await after.step();
  await receiver.until(() => receiver.texts.length === 2);
  t.same(receiver.texts, ['one', 'two']);
  await after.close();
});

void t.test('a receiver that does not read is given up, and what it did not take is not committed', async (t) => {
  const log = await memoryLog(t);
  const server = createServer((socket) => socket.pause());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // More than two kernels keep between them.
  for (let i = 0; i < 40; i++)
    await append(
      log,
      0,
      Array.from({ length: 256 }, () => 'x'.repeat(1900)),
    );
  let expire: () => void = () => undefined;
  const clock = {
    ...systemClock,
    after: (delayMs: number, run: () => void) => {
      if (delayMs === 10_000) expire = run;
      return systemClock.after(delayMs, run);
    },
  };
  const sink = await openSink(log, `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, { clock });
  let sent = 0;
  let isStuck = false;
  for (let at = 0; at < 40 && !isStuck; at++) {
    const step = sink.step().then(
      (records) => {
        sent += records;
      },
      (error: unknown) => {
        isStuck = true;
        t.equal(errorData(error).code, 'DEPENDENCY_DOWN');
      },
    );
    const timer = systemClock.after(500, () => expire());
    await step;
    timer.cancel();
  }
  t.ok(isStuck);
  const [committed] = await log.openReader().committed(GROUP, TOPIC);
  t.equal(committed ?? 0, sent);
  await sink.close();
});

void t.test('each datagram is a message', async (t) => {
  const log = await memoryLog(t);
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const texts: string[] = [];
  const both = new Promise<void>((resolve) => {
    socket.on('message', (bytes) => {
      texts.push(bytes.toString().split('\ufeff')[1]!);
      if (texts.length === 2) resolve();
    });
  });
  await append(log, 0, ['a', 'b']);
  const sink = await openSink(log, `udp://127.0.0.1:${socket.address().port}`);
  await sink.step();
  await both;
  t.same(texts, ['a', 'b']);
  await sink.close();
});

void t.test('an address says what it may look like', async (t) => {
  t.same(parseSyslogAddress('tcp://log.example:1601'), { protocol: 'tcp', host: 'log.example', port: 1601 });
  t.same(parseSyslogAddress('udp://[::1]'), { protocol: 'udp', host: '::1', port: 514 });
  t.same(parseSyslogAddress('unix:/run/log.socket'), { protocol: 'unix', path: '/run/log.socket' });
  for (const wrong of ['', 'log.example', 'http://x', 'tcp://x:0', 'tcp://x:70000', 'unix:relative', 'tcp://x/y'])
    t.throws(() => parseSyslogAddress(wrong), { code: 'CONFIG_INVALID', field: 'syslog.address' }, wrong);
});

void t.test('rsyslog reads what stands in it, over TCP, UDP and a stream socket', async (t) => {
  if (!needs(t, 'rsyslogd')) return;
  const folder = t.testdir();
  const [tcp, udp] = await freePorts(2);
  let output = '';
  let wake: () => void = () => undefined;
  const lines = createServer((socket) => {
    socket.on('data', (chunk) => {
      output += String(chunk);
      wake();
    });
    socket.on('error', () => undefined);
  });
  t.teardown(() => new Promise((resolve) => lines.close(resolve)));
  lines.listen(0, '127.0.0.1');
  await once(lines, 'listening');
  const out = (lines.address() as AddressInfo).port;
  // A socket's path has 107 bytes at most.
  const sockets = mkdtempSync(join(tmpdir(), 'syslog-'));
  t.teardown(() => rmSync(sockets, { recursive: true }));
  const path = join(sockets, 'in');
  writeFileSync(
    join(folder, 'rsyslog.conf'),
    `module(load="imptcp") module(load="imudp")
input(type="imptcp" port="${tcp}" address="127.0.0.1") input(type="imptcp" path="${path}" unlink="on")
input(type="imudp" port="${udp}" address="127.0.0.1")
template(name="fields" type="string" string="%syslogfacility-text%.%syslogseverity-text%|%timereported:::date-rfc3339%|%hostname%|%app-name%|%procid%|%msgid%|%structured-data%|%msg%\\n")
action(type="omfwd" target="127.0.0.1" port="${out}" protocol="tcp" template="fields")
`,
  );
  const child = spawn(programPath('rsyslogd'), ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for (const address of [`tcp://127.0.0.1:${tcp}`, `unix:${path}`, `udp://127.0.0.1:${udp}`]) {
    const log = await memoryLog(t);
    await append(log, 0, [`over ${address} ä "]`]);
    const sink = await openSink(log, address);
    // It may be starting yet; over UDP nobody says so, but the two before have waited for it.
    for (;;) {
      const sent = await sink.step().catch((error: unknown) => {
        if (errorData(error).code !== 'DEPENDENCY_DOWN') throw error;
      });
      if (sent !== undefined) break;
      await new Promise<void>((resolve) => systemClock.after(20, resolve));
    }
    const line = `local3.err|1970-01-01T00:00:01.000Z|gateway-1|msec|7|test|[msec@32473 device="roof-7"]|over ${address} ä "]\n`;
    while (!output.replaceAll('\ufeff', '').includes(line))
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (output.split('\n').length > 4) t.fail(output);
      });
    t.pass(address);
    await sink.close();
  }
});
