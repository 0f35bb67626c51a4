/**
 * What an owner says of itself beside its offsets: its epoch, and the carrier that may commit for it. Whoever takes over
 * looks there once the owner's own ids are its own: from then on no word of the earlier owner can change any more.
 *
 *   metadata of an offset := "msec" ␠ epoch ␠ (name of a carrier, or "-")
 */
import type { OffsetPlace } from '../../port.ts';
import { byTopic } from '../by-topic.ts';
import { answerError, type Cluster, KAFKA_ERROR, NO_ERROR } from '../client/index.ts';
import { offsetFetch } from '../protocol/index.ts';

const NO_CARRIER = '-';
/** The last version with one group a request. */
const OFFSET_FETCH_VERSION_MAX = 7;

export interface Announced {
  /** Of the owner that spoke last; -1 where none did. */
  readonly epoch: number;
  /** Of the owner that spoke last, beside whichever offset; null where it named none: it committed by itself alone. */
  readonly carrier: string | null;
  /** Whether a transaction may still change an offset. */
  readonly isUnstable: boolean;
}

export function announcementOf(epoch: number, carrier: string | null): string {
  return `msec ${epoch} ${carrier ?? NO_CARRIER}`;
}

/** Null for what is none: others may commit offsets of a group, too. */
export function parseAnnouncement(metadata: string | null): { epoch: number; carrier: string | null } | null {
  const match = /^msec (\d{1,16}) (\S+)$/.exec(metadata ?? '');
  if (match === null) return null;
  const carrier = match[2] ?? NO_CARRIER;
  return { epoch: Number(match[1]), carrier: carrier === NO_CARRIER ? null : carrier };
}

/** What stands beside the offsets that are committed, and whether more may follow. */
export async function readAnnouncement(cluster: Cluster, places: readonly OffsetPlace[]): Promise<Announced> {
  let newest = { epoch: -1, carrier: null as string | null };
  let isUnstable = false;
  const note = (metadata: string | null) => {
    const announced = parseAnnouncement(metadata);
    if (announced === null || announced.epoch < newest.epoch) return;
    // Beside an offset that it has not moved since, an owner's word from before it rode still stands.
    if (announced.epoch > newest.epoch || announced.carrier !== null) newest = announced;
  };
  for (const [group, ofGroup] of Map.groupBy(places, (place) => place.group)) {
    const ask = async (requireStable: boolean) =>
      await cluster.retry(async () => {
        const connection = await cluster.connection(await cluster.groupCoordinator(group));
        const topics = byTopic(ofGroup).map(({ topic: name, items }) => ({
          name,
          partitionIndexes: items.map(({ partition }) => partition),
        }));
        const request = { groupId: group, topics, requireStable };
        const answer = await connection.request(offsetFetch, request, { versionMax: OFFSET_FETCH_VERSION_MAX });
        const what = `OffsetFetch of group ${group}`;
        if (answer.errorCode !== NO_ERROR) throw answerError(answer.errorCode, what);
        const found = answer.topics.flatMap(({ partitions }) => partitions);
        for (const { errorCode } of found) {
          if (errorCode !== NO_ERROR && errorCode !== KAFKA_ERROR.UNSTABLE_OFFSET_COMMIT) {
            throw answerError(errorCode, what);
          }
        }
        return found;
      });
    const stable = await ask(true);
    const isStable = stable.every(({ errorCode }) => errorCode === NO_ERROR);
    isUnstable ||= !isStable;
    // Stable or not, what is committed names the carrier of what is not.
    for (const { metadata } of isStable ? stable : await ask(false)) note(metadata);
  }
  return { ...newest, isUnstable };
}
