/** A group of Kafka whose members are processes of their own: they are killed and stopped as processes are. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import { type GroupProtocol, type KafkaShareOptions, openKafkaLog } from '../../../../../engine/log/kafka/index.ts';
import type { ShareGroup, ShareMember, SharePart } from '../../../../../engine/testkit/share-suite.ts';
import { type KafkaServer, RESTARTED } from '../../../../support/kafka-server.ts';
import type { FromMember, ToMember } from './member-process.ts';

const program = fileURLToPath(new URL('member-process.ts', import.meta.url));
const { GROUP } = ConfigResourceTypes;
const { SET } = IncrementalAlterConfigOperationTypes;
const PARTITIONS = 6;
/** Where a member is to be missed. */
export const SHORT_SESSION_MS = 6_000;
/** Where none is, though it may not run for a while on a busy machine: a broker's default. */
const LONG_SESSION_MS = 45_000;
const STAYS_MS = 2_000;
/** For what never comes. */
const UNTIL_MS_MAX = 300_000;

/** Allows of short sessions, and has heartbeats short enough for a test. */
export const SHORT_SESSIONS = {
  ...RESTARTED,
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '200',
  'group.min.session.timeout.ms': '1000',
};

let groups = 0;

export class ProcessMember implements ShareMember {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly hasJoined: Promise<void>;
  #state: FromMember = { hasJoined: false, told: null, leaving: [], changes: 0, losses: 0, failure: null };

  constructor(options: KafkaShareOptions, heard: () => void) {
    this.#child = fork(program, [JSON.stringify(options)]);
    const joined = Promise.withResolvers<void>();
    this.hasJoined = joined.promise;
    this.#child.on('message', (state: FromMember) => {
      this.#state = state;
      if (state.hasJoined) joined.resolve();
      if (state.failure !== null) joined.reject(new Error(state.failure));
      heard();
      // It may have gone meanwhile, which whoever waits for it is told.
      if (this.#child.connected) this.#child.send('heard' satisfies ToMember, () => {});
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => {
        joined.reject(new Error('the member has ended before it had joined'));
        resolve();
      });
    });
  }

  get told(): readonly number[] | null {
    return this.#state.told;
  }

  get leaving(): readonly number[] {
    return this.#state.leaving;
  }

  get changes(): number {
    return this.#state.changes;
  }

  get losses(): number {
    return this.#state.losses;
  }

  hold(): void {
    this.#says('hold');
  }

  release(): void {
    this.#says('release');
  }

  async close(): Promise<void> {
    this.#says('close');
    await this.#ended;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  #says(message: ToMember): void {
    this.#child.send(message);
  }
}

export const sessionMsOf = (part: SharePart): number =>
  // A coordinator that is back waits for the sessions of those whom it does not hear from any more.
  ['dying', 'zombies', 'coordinator'].includes(part) ? SHORT_SESSION_MS : LONG_SESSION_MS;

/** By the newer protocol a session's length is the group's. */
async function setSession(server: KafkaServer, group: string, sessionMs: number): Promise<void> {
  const admin = new Admin({ clientId: 'groups', bootstrapBrokers: [server.bootstrap] });
  const value = String(sessionMs);
  const configs = [{ name: 'consumer.session.timeout.ms', configOperation: SET, value }];
  await admin.incrementalAlterConfigs({ resources: [{ resourceType: GROUP, resourceName: group, configs }] });
  await admin.close();
}

export async function openProcessGroup(
  server: KafkaServer,
  protocol: GroupProtocol,
  sessionMs = LONG_SESSION_MS,
): Promise<ShareGroup & { readonly name: string; look(): void }> {
  const name = `group-${process.pid}-${groups++}`;
  const log = openKafkaLog({ bootstrap: [server.bootstrap] });
  await log.createTopics([{ name, partitions: PARTITIONS, cleanup: 'delete' }]);
  await log.close();
  if (protocol === 'consumer' && sessionMs !== LONG_SESSION_MS) await setSession(server, name, sessionMs);
  const members: ProcessMember[] = [];
  let look = () => {};
  return {
    partitions: PARTITIONS,
    name,
    look: () => look(),
    async join(instanceId) {
      const options = { bootstrap: [server.bootstrap], topic: name, group: name, protocol };
      const more = instanceId === undefined ? {} : { instanceId };
      const timing = { sessionTimeoutMs: sessionMs, heartbeatIntervalMs: 200 };
      const member = new ProcessMember({ ...options, ...timing, ...more }, () => look());
      members.push(member);
      await member.hasJoined;
      return member;
    },
    until(condition, what) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`it has not come to this in time: ${what}`)), UNTIL_MS_MAX);
        look = () => {
          if (!condition()) return;
          clearTimeout(timer);
          look = () => {};
          resolve();
        };
        look();
      });
    },
    stays(condition, what) {
      return new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          clearTimeout(timer);
          look = () => {};
          settle();
        };
        // Members speak five times a second.
        const timer = setTimeout(() => end(resolve), STAYS_MS);
        look = () => {
          if (!condition()) end(() => reject(new Error(`it has not stayed so: ${what}`)));
        };
        look();
      });
    },
    restartCoordinator: () => server.restart(),
    async cleanup() {
      await Promise.all(members.map((member) => member.kill()));
    },
  };
}
