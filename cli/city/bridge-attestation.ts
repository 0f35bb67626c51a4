/**
 * What this process's bridges follow of attestation, of all partitions, whoever works on them: the challenges of the devices
 * that are connected here, and the devices that may send no data. Every state is known before a bridge opens.
 */
import { ChallengeDesk, TopicFollow, TrustBoard } from '../../bridges/attestation/index.ts';
import { type Clock, type Emit, errorData, type Log, type Plan } from '../../engine/index.ts';
import { decodeAttestation } from '../../schemas/index.ts';
import { ATTEST_CHALLENGES, DEVICE_ATTESTATION } from '../../schemas/topics/index.ts';

export interface BridgeAttestation {
  readonly desk: ChallengeDesk;
  readonly trust: TrustBoard;
  close(): Promise<void>;
}

export interface BridgeAttestationOptions {
  readonly plan: Plan;
  readonly log: Log;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Null where the plan attests no device. */
export async function openBridgeAttestation(options: BridgeAttestationOptions): Promise<BridgeAttestation | null> {
  const { plan, log, clock, emit } = options;
  const partitionsOf = (name: string) => plan.topics.find((topic) => topic.name === name)?.partitions;
  const challengePartitions = partitionsOf(ATTEST_CHALLENGES);
  const statePartitions = partitionsOf(DEVICE_ATTESTATION);
  if (challengePartitions === undefined || statePartitions === undefined) return null;
  const desk = new ChallengeDesk(clock);
  const trust = new TrustBoard();
  const failed = (where: string) => (error: unknown) => {
    const { code, message } = errorData(error);
    emit('unexpectedError', { where, code, error: message });
  };
  const states = await TopicFollow.open(
    {
      reader: log.openReader(),
      topic: DEVICE_ATTESTATION,
      partitions: statePartitions,
      take: ({ key, value }) => (value === null ? trust.forget(key) : trust.take(decodeAttestation(value))),
      onFailure: failed(DEVICE_ATTESTATION),
    },
    failed(DEVICE_ATTESTATION),
  );
  try {
    const challenges = await TopicFollow.open(
      {
        reader: log.openReader(),
        topic: ATTEST_CHALLENGES,
        partitions: challengePartitions,
        take: ({ key, value }) => (value === null ? undefined : desk.take(key, value)),
        onFailure: failed(ATTEST_CHALLENGES),
      },
      failed(ATTEST_CHALLENGES),
    );
    return { desk, trust, close: async () => void (await Promise.all([challenges.close(), states.close()])) };
  } catch (error) {
    await states.close();
    throw error;
  }
}
