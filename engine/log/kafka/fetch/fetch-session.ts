/**
 * A fetch session (KIP-227): the broker remembers what it is asked for, and each request says only what is different
 * now. This is the client's half without input or output; one request at a time. After anything unexpected the next
 * request is a full one again, which makes a new session.
 */

/** A partition as it is to be asked for now. */
export interface SessionPlace {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly fetchOffset: number;
  readonly bytesMax: number;
}

/** What the broker has of a place, or will have once it has read the request that is under way. */
interface Told {
  topicId: string;
  leaderEpoch: number;
  offset: number;
  bytesMax: number;
  /** The last request that wanted it. */
  round: number;
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

interface RequestedTopic extends TopicName {
  readonly partitions: RequestedPartition[];
}

interface ForgottenTopic extends TopicName {
  readonly partitions: number[];
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: readonly RequestedTopic[];
  readonly forgottenTopicsData: readonly ForgottenTopic[];
}

const NO_SESSION = 0;
const EPOCH_FULL = 0;
/** As sessionEpoch: outside of any session. */
export const EPOCH_NONE = -1;
const EPOCH_MAX = 2 ** 31 - 1;
const FETCH_SESSION_ID_NOT_FOUND = 70;

/** Made for each request anew are only the parts that it carries. */
export class FetchSession<Place extends SessionPlace> {
  #id = NO_SESSION;
  #epoch = EPOCH_FULL;
  #round = 0;
  readonly #places: Place[] = [];
  readonly #told: Told[] = [];

  /** In the session, in no order. Changed by `next` and `fail` alone. */
  get places(): readonly Place[] {
    return this.#places;
  }

  /** The offset that was last asked for; -1 where the place is not in the session. */
  askedOffset(place: Place): number {
    const at = this.#places.indexOf(place);
    return at < 0 ? -1 : this.#told[at]!.offset;
  }

  /**
   * The next request, for exactly these places; it must be sent, or `fail` be called. Their order is the order in which
   * a broker fills an answer where it makes no session.
   */
  next(wanted: readonly Place[], namesById: boolean): SessionRequest {
    if (this.#epoch === EPOCH_FULL) this.#clear();
    this.#round++;
    const topics: RequestedTopic[] = [];
    const forgotten: ForgottenTopic[] = [];
    for (const place of wanted) this.#want(place, namesById, topics, forgotten);
    for (let i = this.#places.length - 1; i >= 0; i--) {
      if (this.#told[i]!.round === this.#round) continue;
      forget(forgotten, this.#places[i]!, this.#told[i]!, namesById);
      this.#remove(i);
    }
    return { sessionId: this.#id, sessionEpoch: this.#epoch, topics, forgottenTopicsData: forgotten };
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
    this.#clear();
  }

  #want(place: Place, namesById: boolean, topics: RequestedTopic[], forgotten: ForgottenTopic[]): void {
    const { topicId, leaderEpoch, fetchOffset: offset, bytesMax } = place;
    const at = this.#places.indexOf(place);
    if (at < 0) {
      this.#places.push(place);
      this.#told.push({ topicId, leaderEpoch, offset, bytesMax, round: this.#round });
    } else {
      const told = this.#told[at]!;
      told.round = this.#round;
      // A topic that was deleted and made anew is another topic.
      if (namesById && told.topicId !== topicId) forget(forgotten, place, told, namesById);
      else if (told.offset === offset && told.leaderEpoch === leaderEpoch && told.bytesMax === bytesMax) return;
      told.topicId = topicId;
      told.leaderEpoch = leaderEpoch;
      told.offset = offset;
      told.bytesMax = bytesMax;
    }
    const wanted = {
      partition: place.partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: offset,
      partitionMaxBytes: bytesMax,
    };
    for (const topic of topics) {
      if (namesById ? topic.topicId !== topicId : topic.topic !== place.topic) continue;
      topic.partitions.push(wanted);
      return;
    }
    topics.push({ ...(namesById ? { topicId } : { topic: place.topic }), partitions: [wanted] });
  }

  #remove(at: number): void {
    const [lastPlace, lastTold] = [this.#places.pop()!, this.#told.pop()!];
    if (at === this.#places.length) return;
    this.#places[at] = lastPlace;
    this.#told[at] = lastTold;
  }

  #clear(): void {
    this.#places.length = 0;
    this.#told.length = 0;
  }
}

function forget(into: ForgottenTopic[], place: SessionPlace, told: Told, namesById: boolean): void {
  for (const topic of into) {
    if (namesById ? topic.topicId !== told.topicId : topic.topic !== place.topic) continue;
    topic.partitions.push(place.partition);
    return;
  }
  into.push({
    ...(namesById ? { topicId: told.topicId } : { topic: place.topic }),
    partitions: [place.partition],
  });
}
