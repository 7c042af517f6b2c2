import { language } from './words.js';

let ahead = 0;

/** served learns the server's clock, by which days are called. @param {string} iso */
export const served = (iso) => { ahead = Date.parse(iso) - Date.now(); };

/** now is the server's. */
export const now = () => new Date(Date.now() + ahead);

const locales = { en: 'en-GB', hi: 'hi-IN' };
const locale = () => locales[/** @type {'en' | 'hi'} */ (language())];

/** @param {Date} t @param {string} zone @param {Intl.DateTimeFormatOptions} how */
const format = (t, zone, how) => new Intl.DateTimeFormat(locale(), { timeZone: zone, hourCycle: 'h23', ...how }).format(t);

/** dayOf is a day as a key that sorts. @param {Date} t @param {string} zone */
export const dayOf = (t, zone) => new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(t);

/** clock is the time of day in a zone. @param {string} iso @param {string} zone */
export const clock = (iso, zone) => format(new Date(iso), zone, { hour: '2-digit', minute: '2-digit' });

/** day is a day as people say it: today, tomorrow, yesterday, else with the weekday. @param {string} iso @param {string} zone */
export const day = (iso, zone) => {
  const t = new Date(iso), apart = Math.round((Date.parse(dayOf(t, zone)) - Date.parse(dayOf(now(), zone))) / 86_400_000);
  if (Math.abs(apart) <= 1) {
    const word = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(apart, 'day');
    return word[0].toUpperCase() + word.slice(1);
  }
  return format(t, zone, { weekday: 'short', day: 'numeric', month: 'short', ...(t.getUTCFullYear() === now().getUTCFullYear() ? {} : { year: 'numeric' }) });
};

/** when is a day and a time. @param {string} iso @param {string} zone */
export const when = (iso, zone) => `${day(iso, zone)} ${clock(iso, zone)}`;

/** span is a window. @param {string} from @param {string} to @param {string} zone */
export const span = (from, to, zone) => `${day(from, zone)} ${clock(from, zone)}–${clock(to, zone)}`;

/** partOf is the part of the day in which something begins (docs/product.md section 4). @param {string} iso @param {string} zone */
export const partOf = (iso, zone) => {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' }).format(new Date(iso)));
  return hour < 12 ? 'morning' : hour < 16 ? 'afternoon' : 'evening';
};

/** length is a time span in the two largest units. @param {number} ms */
export const length = (ms) => {
  const unit = (/** @type {number} */ n, /** @type {string} */ u) => new Intl.NumberFormat(locale(), { style: 'unit', unit: u, unitDisplay: 'short' }).format(n);
  const m = Math.max(0, Math.round(Math.abs(ms) / 60_000));
  if (m < 60) return unit(m, 'minute');
  if (m < 2880) return unit(Math.floor(m / 60), 'hour') + (m % 60 ? ' ' + unit(m % 60, 'minute') : '');
  return unit(Math.floor(m / 1440), 'day');
};
