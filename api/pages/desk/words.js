import en from './text.en.json';

/** @type {Record<string, any>} */
let words = en;
let lang = 'en';

/** The languages of the desk, each by its own name. */
export const languages = [['en', 'English'], ['hi', 'हिन्दी']];

export const language = () => lang;

/** speak changes the language. @param {string} to */
export const speak = async (to) => {
  if (to === lang || !languages.some(([code]) => code === to)) return;
  if (to === 'en') words = en;
  else {
    const res = await fetch(`/desk/text.${to}.json`).catch(() => null);
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

/** known gives a sentence, or the code itself as words: codes grow. @param {string} id @param {string} code */
export const known = (id, code) => (words[id] ? say(id) : code.replace(/[._]/g, ' '));
