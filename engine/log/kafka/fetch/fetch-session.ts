/**
 * A fetch session (KIP-227): the broker remembers what it is asked for, and each request says only what is different
 * now. This is the client's half without input or output; one request at a time. After anything unexpected the next
 * request is a full one again, which makes a new session.
 */

/** A partition as a request asks for it. */
export interface SessionPlace {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly offset: number;
  readonly bytesMax: number;
}

interface RequestedPartition {
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly partitionMaxBytes: number;
}

/** Topics are named by one of the two: by id from Fetch v13 on. */
interface TopicName {
  readonly topic?: string;
  readonly topicId?: string;
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: readonly (TopicName & { readonly partitions: readonly RequestedPartition[] })[];
  readonly forgottenTopicsData: readonly (TopicName & { readonly partitions: readonly number[] })[];
}

const NO_SESSION = 0;
const EPOCH_FULL = 0;
/** As sessionEpoch: outside of any session. */
export const EPOCH_NONE = -1;
const EPOCH_MAX = 2 ** 31 - 1;
const FETCH_SESSION_ID_NOT_FOUND = 70;

export class FetchSession<Place extends object> {
  #id = NO_SESSION;
  #epoch = EPOCH_FULL;
  /** What the broker has, or will have once it has read the request that is under way. */
  readonly #asked = new Map<Place, SessionPlace>();

  /** What the broker was last told of a place; undefined where it is not in the session. */
  asked(place: Place): SessionPlace | undefined {
    return this.#asked.get(place);
  }

  get size(): number {
    return this.#asked.size;
  }

  get places(): IterableIterator<Place> {
    return this.#asked.keys();
  }

  /**
   * The next request, for exactly these places; it must be sent, or `fail` be called. Their order is the order in which
   * a broker fills an answer where it makes no session.
   */
  next(wanted: ReadonlyMap<Place, SessionPlace>, namesById: boolean): SessionRequest {
    const isFull = this.#epoch === EPOCH_FULL;
    if (isFull) this.#asked.clear();
    const topics = new Map<string, { name: TopicName; partitions: RequestedPartition[] }>();
    const forgotten = new Map<string, { name: TopicName; partitions: number[] }>();
    const named = ({ topic, topicId }: SessionPlace): TopicName => (namesById ? { topicId } : { topic });
    const forget = (before: SessionPlace) => {
      const key = namesById ? before.topicId : before.topic;
      const known = forgotten.get(key);
      if (known === undefined) forgotten.set(key, { name: named(before), partitions: [before.partition] });
      else known.partitions.push(before.partition);
    };
    for (const [place, before] of this.#asked) {
      if (wanted.has(place)) continue;
      forget(before);
      this.#asked.delete(place);
    }
    for (const [place, now] of wanted) {
      const before = this.#asked.get(place);
      // A topic that was deleted and made anew is another topic.
      if (before !== undefined && before.topicId !== now.topicId && namesById) forget(before);
      else if (before !== undefined && isSame(before, now)) continue;
      this.#asked.set(place, now);
      const key = namesById ? now.topicId : now.topic;
      let topic = topics.get(key);
      if (topic === undefined) {
        topic = { name: named(now), partitions: [] };
        topics.set(key, topic);
      }
      topic.partitions.push({
        partition: now.partition,
        currentLeaderEpoch: now.leaderEpoch,
        fetchOffset: now.offset,
        partitionMaxBytes: now.bytesMax,
      });
    }
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: [...topics.values()].map(({ name, partitions }) => ({ ...name, partitions })),
      forgottenTopicsData: [...forgotten.values()].map(({ name, partitions }) => ({ ...name, partitions })),
    };
  }

  /** The answer to the last request was good. Id 0: the broker makes no session, and every request is a full one. */
  succeed(sessionId: number): void {
    if (sessionId === NO_SESSION) {
      this.#id = NO_SESSION;
      this.#epoch = EPOCH_FULL;
      return;
    }
    this.#id = sessionId;
    this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
  }

  /**
   * The last request was not answered, or with this error as a whole. The next one closes the session that the broker
   * may still have, and makes another.
   */
  fail(errorCode?: number): void {
    if (errorCode === FETCH_SESSION_ID_NOT_FOUND) this.#id = NO_SESSION;
    this.#epoch = EPOCH_FULL;
    this.#asked.clear();
  }
}

function isSame(a: SessionPlace, b: SessionPlace): boolean {
  return a.offset === b.offset && a.leaderEpoch === b.leaderEpoch && a.bytesMax === b.bytesMax;
}
