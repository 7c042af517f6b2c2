/**
 * speaker holds the words of a page and gives them in one language at a time; those of others than English are fetched.
 * @param {Record<string, any>} en @param {string} from where the words of a language are, before its code @param {string[][]} languages
 * @param {string} [version] of the words, where their address names it
 */
export const speaker = (en, from, languages, version) => {
  /** @type {Record<string, any>} */
  let words = en;
  let lang = 'en';
  const language = () => lang;
  /** speak changes the language; what the page does not speak changes nothing. @param {string} to */
  const speak = async (to) => {
    if (to === lang || !languages.some(([code]) => code === to)) return;
    if (to === 'en') words = en;
    else {
      const res = await fetch(`${from}${to}.json${version ? '?v=' + version : ''}`).catch(() => null);
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
  const say = (id, fill = {}) => {
    let s = words[id];
    if (s && typeof s === 'object') s = s[new Intl.PluralRules(lang).select(Number(fill.n))] || s.other;
    return String(s ?? id).replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ''));
  };
  /** has reports whether there is a sentence. @param {string} id */
  const has = (id) => !!words[id];
  return { language, speak, say, has };
};
