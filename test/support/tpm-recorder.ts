/**
 * Stands between a client and a TPM's socket and keeps every byte of both directions, as one who taps the bus does; at
 * will it changes responses on their way.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

export interface TpmRecorder {
  readonly port: number;
  /** Every byte so far, of commands and responses. */
  bytes(): Buffer;
  forget(): void;
  /** Applied to each chunk of responses; null passes them unchanged. */
  change: ((response: Buffer) => Buffer) | null;
  stop(): Promise<void>;
}

/** Forwards to the data port and, one above it, to the control port, so that tpm2-tools go through it, too. */
export async function startTpmRecorder(target: number, host = '127.0.0.1'): Promise<TpmRecorder> {
  let chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const recorder = { change: null as ((response: Buffer) => Buffer) | null };
  const forward = (port: number, isData: boolean) =>
    createServer((client) => {
      const tpm = createConnection(port, host);
      for (const socket of [client, tpm]) {
        sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          tpm.destroy();
        });
      }
      client.on('data', (bytes: Buffer) => {
        if (isData) chunks.push(bytes);
        tpm.write(bytes);
      });
      tpm.on('data', (bytes: Buffer) => {
        if (isData) chunks.push(bytes);
        client.write(isData && recorder.change !== null ? recorder.change(bytes) : bytes);
      });
    });
  for (;;) {
    const data = forward(target, true);
    data.listen(0, host);
    await once(data, 'listening');
    const { port } = data.address() as { port: number };
    const control = forward(target + 1, false);
    control.listen(port + 1, host);
    try {
      await once(control, 'listening');
    } catch {
      data.close();
      await once(data, 'close');
      continue;
    }
    return Object.assign(recorder, {
      port,
      bytes: () => Buffer.concat(chunks),
      forget() {
        chunks = [];
      },
      async stop() {
        for (const socket of sockets) socket.destroy();
        data.close();
        control.close();
        await Promise.all([once(data, 'close'), once(control, 'close')]);
      },
    });
  }
}
