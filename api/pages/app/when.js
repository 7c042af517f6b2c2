import { state } from './state.js';
import { language, say } from './words.js';

/** now is the server's time: the phone's clock may be days wrong. */
export const now = () => Date.now() + state.skew;

const zone = () => state.me?.zone || undefined;
const tag = () => ({ en: 'en-IN', hi: 'hi-IN', mr: 'mr-IN' }[language()] || 'en-IN');

/** @param {string | number} at @param {Intl.DateTimeFormatOptions} o */
const fmt = (at, o) => new Intl.DateTimeFormat(tag(), { timeZone: zone(), numberingSystem: 'latn', ...o }).format(new Date(at));

/** @param {string | number} at */
export const clock = (at) => fmt(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** dayKey is the local date, for comparing. @param {string | number} at */
export const dayKey = (at) => new Intl.DateTimeFormat('en-CA', { timeZone: zone() }).format(new Date(at));

/** opened says whether the crew's first move of a visit is taken now, as the server does (docs/product.md section 3). @param {string} window */
export const opened = (window) => dayKey(window) < dayKey(now()) || dayKey(window) === dayKey(now()) && clock(now()) >= '06:00' || now() >= Date.parse(window) - 4 * 3_600_000;

/** @param {string | number} at */
export const day = (at) => fmt(at, { weekday: 'long', day: 'numeric', month: 'long' });

/** dayShort says today, tomorrow, or the date. @param {string | number} at */
export const dayShort = (at) => {
  const k = dayKey(at);
  if (k === dayKey(now())) return say('today');
  if (k === dayKey(now() + 86_400_000)) return say('tomorrow');
  if (k === dayKey(now() - 86_400_000)) return say('yesterday');
  return fmt(at, { weekday: 'short', day: 'numeric', month: 'short' });
};

/** within is how long something still lies ahead, as each language says that. @param {number} ms */
export const within = (ms) => {
  const minutes = Math.round(ms / 60_000), hours = Math.round(minutes / 60);
  if (minutes < 1) return say('within.now');
  if (minutes < 90) return say('within.minutes', { n: minutes });
  return hours < 36 ? say('within.hours', { n: hours }) : say('within.days', { n: Math.round(hours / 24) });
};
