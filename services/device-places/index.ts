/** Where devices stand, for those who judge them by their neighbours. */
export { PlaceAnnouncer, type PlaceAnnouncerOptions } from './place-announcer.ts';
