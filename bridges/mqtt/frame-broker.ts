/**
 * aedes without a way from publisher to subscriber: frames have reached the log before aedes acknowledges them (that
 * happens in `authorizePublish`), so nothing of them goes on to its emitter, its retained store or its queues.
 */
import { Aedes, type Client, type PublishPacket } from 'aedes';

type Done = (error?: Error) => void;

export class FrameBroker extends Aedes {
  /** aedes passes the client for what a client published and none for its own messages about itself. */
  override publish(packet: PublishPacket, clientOrDone: Client | null | Done, done?: Done): void {
    if (typeof clientOrDone === 'function') {
      super.publish(packet, clientOrDone);
      return;
    }
    if (done !== undefined) done();
  }
}
