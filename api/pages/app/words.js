import en from './text.en.json';

/** @type {Record<string, any>} */
let words = en;
let lang = 'en';

/** the languages of the app, each by its own name. */
export const languages = [['en', 'English'], ['hi', 'हिन्दी'], ['mr', 'मराठी']];

export const language = () => lang;

/** speak changes the language; the words of others than English come from the service worker's store. @param {string} to */
export const speak = async (to) => {
  if (!languages.some(([code]) => code === to)) to = 'en';
  if (to === lang) return;
  if (to === 'en') words = en;
  else {
    const res = await fetch(`/app/text.${to}.json`).catch(() => null);
    if (!res || !res.ok) return;
    words = { ...en, ...await res.json() };
  }
  lang = to;
  document.documentElement.lang = to;
};

/**
 * say gives a sentence in the user's language. A sentence about a number has two forms, by the language's own rule.
 * @param {string} id @param {Record<string, string | number>} [fill]
 */
export const say = (id, fill = {}) => {
  let s = words[id];
  if (s && typeof s === 'object') s = s[new Intl.PluralRules(lang).select(Number(fill.n))] || s.other;
  return String(s ?? id).replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ''));
};

/** known gives a sentence, or nothing where there is none: codes grow. @param {string} id */
export const known = (id) => (words[id] ? say(id) : '');
