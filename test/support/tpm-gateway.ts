/** A gateway with a TPM (swtpm) as its owner has it: enrolled, measured, sending signed frames, with the agent beside it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../engine/base/index.ts';
import { deviceKeys } from '../../firmware/provision/index.ts';
import { type SwtpmProcess, startSwtpm } from '../../firmware/swtpm/index.ts';
import { extendPcr, openTpmAddress, publicKeyOf, sign, Tpm } from '../../firmware/tpm/index.ts';
import { frameToSign, keyIdOf } from '../../schemas/envelope/index.ts';
import { msec, startMsec, type Talking } from '../cli/run-cli.ts';
import { digest, extend } from './attester.ts';
import { freePorts } from './free-ports.ts';
import { programPath } from './needs.ts';

const FRAME = '01001c00000000383637373233303330303430333330000dd00040007c0235';
const PCR = 14;
export const GOOD: Buffer = digest('the file as it was built');
export const EVIL: Buffer = digest('the file as somebody changed it');

/** What such a gateway is held against; `more` are further lines. */
export const gatewayPolicy = (more = ''): string =>
  `policy gateways 1\nquote at most 60 s old\nclock may be unsafe\npcr ${PCR} is ${extend(Buffer.alloc(32), GOOD).toString('hex')}\n${more}`;

export class TpmGateway {
  readonly id: string;
  readonly token: string;
  readonly #cwd: string;
  #swtpm: SwtpmProcess;
  #sequence = 0;

  private constructor(id: string, token: string, cwd: string, swtpm: SwtpmProcess) {
    this.id = id;
    this.token = token;
    this.#cwd = cwd;
    this.#swtpm = swtpm;
  }

  /** In the folder's log, or that of the brokers that `more` names; its TPM runs, and nothing is measured yet. */
  static async enrol(id: string, cwd: string, more: readonly string[] = []): Promise<TpmGateway> {
    const identity = ['--type', 'enmon', '--identity', '867723030040330', '--at', '40.4168,-3.7038'];
    const enrolled = await msec(['device', 'enrol', id, ...identity, '--json', ...more], { cwd });
    if (enrolled.code !== 0) throw new Error(enrolled.err);
    const { token } = JSON.parse(enrolled.out).secrets as { readonly token: string };
    const [port] = await freePorts(2);
    const swtpm = await startSwtpm(programPath('swtpm'), join(cwd, 'data', 'swtpm', 'state'), port);
    return new TpmGateway(id, token, cwd, swtpm);
  }

  async measure(file: Buffer): Promise<void> {
    const tpm = await this.#open();
    await extendPcr(tpm, PCR, file);
    await tpm.close();
  }

  /** Started anew, with this measured. */
  async restart(file: Buffer): Promise<void> {
    await this.#swtpm.kill();
    const state = join(this.#cwd, 'data', 'swtpm', 'state');
    this.#swtpm = await startSwtpm(programPath('swtpm'), state, this.#swtpm.port);
    await this.measure(file);
  }

  /** The agent, at a bridge. */
  attest(bridge: string): Talking {
    const flags = ['--json', '--no-logs', '--bridge', bridge, '--tpm', this.#swtpm.address];
    return startMsec(['device', 'attest', this.id, ...flags], {
      cwd: this.#cwd,
      env: { MSEC_DEVICE_TOKEN: this.token },
    });
  }

  /** The status that the bridge answers one frame with. */
  async send(http: string): Promise<number> {
    const tpm = await this.#open();
    const { signing } = await deviceKeys(tpm);
    const keyId = keyIdOf(publicKeyOf(signing.area));
    const fields = { deviceId: this.id, bootEpoch: 1, sequence: ++this.#sequence, payload: Buffer.from(FRAME, 'hex') };
    const { message, envelope } = frameToSign(fields, { keyId, algorithm: 'ecdsa-p256-sha256' });
    const { bytes } = await sign(tpm, signing, createHash('sha256').update(message).digest());
    await tpm.close();
    const answer = await fetch(`${http}/v1/frames`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.id}:${this.token}`, 'content-type': 'application/octet-stream' },
      body: Buffer.from(envelope(bytes)),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  kill(): Promise<void> {
    return this.#swtpm.kill();
  }

  async #open(): Promise<Tpm> {
    return Tpm.open(await openTpmAddress(this.#swtpm.address, systemClock));
  }
}
