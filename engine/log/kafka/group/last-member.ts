/**
 * Ends the membership of the process that was here before and could not leave. Its place would be kept for the whole
 * session otherwise, under its static name too: the newer protocol lets nobody else have that until the member is gone.
 */
import { NO_ERROR } from '../client/index.ts';
import { consumerGroupHeartbeat, leaveGroup } from '../protocol/index.ts';
import type { GroupCoordinator } from './coordinator.ts';

/** Where a process notes as which member it is known, for the one that comes after it in the same place. */
export interface MemberMemory {
  /** Null where nobody was there, or left in an orderly way. */
  load(): string | null;
  save(memberId: string | null): void;
}

const LEAVES = -1;
const LEAVES_FOR_A_WHILE = -2;

/** Best effort: whoever cannot be told finds out when the session is over. */
export async function leaveFor(
  memberId: string,
  coordinator: GroupCoordinator,
  group: string,
  instanceId: string | null,
): Promise<void> {
  const purpose = 'leave';
  const memberEpoch = instanceId === null ? LEAVES : LEAVES_FOR_A_WHILE;
  const left = await coordinator
    .request(consumerGroupHeartbeat, { groupId: group, memberId, memberEpoch, instanceId }, { purpose })
    .then(({ errorCode }) => errorCode === NO_ERROR)
    .catch(() => false);
  // By the classic protocol whoever comes under a static name takes it over.
  if (left || instanceId !== null) return;
  await coordinator
    .request(
      leaveGroup,
      (version) => ({ groupId: group, ...(version >= 3 ? { members: [{ memberId }] } : { memberId }) }),
      { purpose },
    )
    .catch(() => {});
}
